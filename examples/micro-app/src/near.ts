import type { PipelineStage } from 'mongoose';
import { City } from './models/index.ts';
import type { Source } from './readiness.ts';

export interface Place {
  readonly lat: number;
  readonly lng: number;
  readonly km: number;
}

export interface CityNearby {
  readonly name: string;
  readonly country?: string;
  readonly slug?: string;
  readonly lat: number;
  readonly lng: number;
  readonly km: number;
}

/** The 20 nearest cities within `km`, the nearest first. */
export async function citiesNear(place: Place, source: Source): Promise<CityNearby[]> {
  const found = source === 'points' ? byIndex(place) : byScan(place);
  return City.aggregate<CityNearby>([...found, ...presented]);
}

function byIndex({ lat, lng, km }: Place): PipelineStage[] {
  const near = { type: 'Point' as const, coordinates: [lng, lat] as [number, number] };
  const inKm = { distanceField: 'km', distanceMultiplier: 0.001, maxDistance: km * 1000 };
  return [{ $geoNear: { near, key: 'location', spherical: true, ...inKm } }, { $set: atOf('$location.coordinates') }];
}

/** The radius that the server's own $geoNear uses, so that both ways give the same distances. */
const earthKm = 6378.1;

/** How it was before the migration, and still is while it runs: every city is read, whichever shape it has. */
function byScan({ lat, lng, km }: Place): PipelineStage[] {
  const degrees = (km / earthKm) * (180 / Math.PI);
  const strings = [numberOf('$lng'), numberOf('$lat')];
  const half = (from: string, to: number) => ({
    $pow: [{ $sin: { $degreesToRadians: { $divide: [{ $subtract: [to, from] }, 2] } } }, 2],
  });
  const cosines = { $multiply: [{ $cos: { $degreesToRadians: '$lat' } }, Math.cos((lat * Math.PI) / 180)] };
  const haversine = { $add: [half('$lat', lat), { $multiply: [cosines, half('$lng', lng)] }] };
  return [
    { $set: { at: { $ifNull: ['$location.coordinates', strings] } } },
    { $set: atOf('$at') },
    { $match: { lat: { $gte: lat - degrees, $lte: lat + degrees } } },
    { $set: { km: { $multiply: [2 * earthKm, { $asin: { $min: [1, { $sqrt: haversine }] } }] } } },
    { $match: { km: { $lte: km } } },
    { $sort: { km: 1 } },
  ];
}

const numberOf = (field: string) => ({ $convert: { input: field, to: 'double', onError: null, onNull: null } });
const atOf = (pair: string) => ({ lng: { $arrayElemAt: [pair, 0] }, lat: { $arrayElemAt: [pair, 1] } });

const presented: PipelineStage[] = [
  { $limit: 20 },
  { $lookup: { from: 'countries', localField: 'country', foreignField: '_id', as: 'land' } },
  {
    $project: {
      _id: 0,
      name: 1,
      country: { $first: '$land.name' },
      slug: 1,
      lat: 1,
      lng: 1,
      km: { $round: ['$km', 3] },
    },
  },
];
