/** Where a server says that it is a sandbox: the collection `_mongo_release_sandbox.marker`. */
export const markerDatabase = '_mongo_release_sandbox';
export const markerCollection = 'marker';

/** The document that makes a server a sandbox. */
export const markerId = 'sandbox';
export interface Marker {
  readonly _id: typeof markerId;
  readonly createdAt?: Date;
}

/** The line to type that creates the marker. */
export const markerCommand =
  `mongosh "$MONGO_RELEASE_SANDBOX_URI" --eval ` +
  `'db.getSiblingDB("${markerDatabase}").${markerCollection}.insertOne({ _id: "${markerId}" })'`;
