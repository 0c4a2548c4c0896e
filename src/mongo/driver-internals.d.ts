/** What raw-write.ts uses of the driver's insides; test/mongo/driver-internals.test.ts fails when it moves. */
declare module 'mongodb/lib/cmap/commands.js' {
  export class DocumentSequence {
    constructor(field: string);
    push(document: object, bytes: Uint8Array): number;
  }
}
