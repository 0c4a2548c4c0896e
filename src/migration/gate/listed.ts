/** Methods of the driver (4 to 7) that change nothing by themselves. Anything not listed is treated as a change. */

const everywhere = [
  'watch',
  'aggregate',
  'on',
  'once',
  'off',
  'emit',
  'addListener',
  'removeListener',
  'listenerCount',
];

/** Those that ask the server and give one value. */
export const answersOfDb = ['indexInformation', 'profilingLevel', 'stats'];
export const answersOfAdmin = [
  'buildInfo',
  'listDatabases',
  'ping',
  'replSetGetStatus',
  'serverInfo',
  'serverStatus',
  'validateCollection',
];

export const readsOfDb = new Set([...everywhere, ...answersOfDb, 'admin', 'collection', 'getLogger', 'unref']);

export const readsOfAdmin = new Set([...everywhere, ...answersOfAdmin]);

export const readsOfCollection = new Set([
  ...everywhere,
  'count',
  'countDocuments',
  'distinct',
  'estimatedDocumentCount',
  'find',
  'findOne',
  'getLogger',
  'indexes',
  'indexExists',
  'indexInformation',
  'initializeOrderedBulkOp',
  'initializeUnorderedBulkOp',
  'isCapped',
  'listIndexes',
  'listSearchIndexes',
  'options',
  'stats',
]);
