import { Schema } from 'mongoose';

/** A GeoJSON point. Longitude comes first, the other way round from how people say it. */
export interface Point {
  type: 'Point';
  coordinates: [lng: number, lat: number];
}

export const pointSchema = new Schema<Point>(
  {
    type: { type: String, enum: ['Point'], required: true },
    coordinates: {
      type: [Number],
      required: true,
      validate: {
        validator: ([lng, lat, ...more]: number[]) =>
          more.length === 0 && Math.abs(lng ?? Number.NaN) <= 180 && Math.abs(lat ?? Number.NaN) <= 90,
        message: 'coordinates are [longitude, latitude] in degrees',
      },
    },
  },
  { _id: false },
);

/** The point that two strings mean; undefined when they are not two numbers. */
export function pointOf(lat: string, lng: string): Point | undefined {
  const numbers = [lng, lat].map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  return numbers.every(Number.isFinite) ? { type: 'Point', coordinates: numbers as [number, number] } : undefined;
}
