import { type InferSchemaType, model, Schema } from 'mongoose';

const countrySchema = new Schema(
  {
    /** ISO 3166-1 alpha-2. */
    _id: { type: String, match: /^[A-Z]{2}$/ },
    name: { type: String, required: true },
    native: String,
    capital: String,
    continent: { type: String, required: true },
    currencies: [String],
    languages: [String],
  },
  // See city.ts for why an app builds no indexes.
  { collection: 'countries', strict: 'throw', versionKey: '__v', autoIndex: false, autoCreate: false },
);

export type CountryFields = InferSchemaType<typeof countrySchema>;
export const Country = model('Country', countrySchema);
