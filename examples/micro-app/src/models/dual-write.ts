import type { Schema } from 'mongoose';
import { type Point, pointOf } from './point.ts';

interface BothShapes {
  lat?: string | null;
  lng?: string | null;
  location?: Point | null;
}

/**
 * Whoever saves a city saves its place in both shapes, so that the release before this one still finds `lat` and
 * `lng`. It goes away in the release that ships `20260908091000-drop-city-strings`.
 *
 * A changed point wins over the strings. Updates past the documents (`updateMany`) are not seen here.
 */
export function dualWrite(schema: Schema): void {
  schema.pre('validate', function () {
    const city = this as unknown as BothShapes & { isModified(path: string): boolean };
    if (city.location && (city.isModified('location') || city.lat == null || city.lng == null)) {
      const [lng, lat] = city.location.coordinates;
      city.lat = String(lat);
      city.lng = String(lng);
    } else if (city.lat != null && city.lng != null) {
      city.location = pointOf(city.lat, city.lng);
    }
  });
}
