import { type InferSchemaType, model, Schema } from 'mongoose';
import { dualWrite } from './dual-write.ts';
import { pointSchema } from './point.ts';

const citySchema = new Schema(
  {
    name: { type: String, required: true },
    /** Deprecated: strings, as the first import left them. Kept for one release, see dual-write.ts. */
    lat: String,
    lng: String,
    country: { type: String, ref: 'Country', required: true, match: /^[A-Z]{2}$/ },
    /** Codes of GeoNames; empty where a place belongs to no region. */
    admin1: { type: String, default: '' },
    admin2: { type: String, default: '' },
    location: { type: pointSchema, required: [true, 'a city needs a location, or lat and lng that are numbers'] },
    /** Unique where there is one; the previous release writes cities without. */
    slug: String,
  },
  {
    collection: 'cities',
    strict: 'throw',
    versionKey: '__v',
    // Indexes come with migrations: rehearsed, timed and reversible. A starting app must not build one on its own.
    autoIndex: false,
    autoCreate: false,
  },
);
citySchema.plugin(dualWrite);

export type CityFields = InferSchemaType<typeof citySchema>;
export const City = model('City', citySchema);
