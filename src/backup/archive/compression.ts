import { availableParallelism } from 'node:os';
import { Duplex, PassThrough, pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGunzip, createZstdDecompress, gzip, zstdCompress } from 'node:zlib';
import type { Compression } from '../../config/schema.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** Large pieces: the default of 16 kB makes the streams around it the bottleneck. */
const chunkSize = 1024 * 1024;

/** Ending of an archive's file name. mongorestore reads the last two; `zstd -dc FILE | mongorestore --archive` the first. */
export const archiveEndings: Record<Compression, string> = {
  zstd: '.archive.zst',
  gzip: '.archive.gz',
  none: '.archive',
};

/** Compressed at a time. With larger ones the archive measured no smaller. */
const pieceBytes = 2 * 1024 * 1024;
/** Node's own threads are four, and the store writes files by them. */
const piecesAtOnce = Math.min(4, availableParallelism());

/**
 * Beside level 7, with matches of six bytes or more: names of fields repeat at length and numbers do not, and on mixed
 * documents that measured 2 % smaller and somewhat faster. Level 3 is three times as fast and 8 % larger, which is more
 * than mongodump --gzip makes of the same.
 */
const zstdParams = {
  [constants.ZSTD_c_compressionLevel]: 6,
  [constants.ZSTD_c_strategy]: constants.ZSTD_lazy2,
  [constants.ZSTD_c_minMatch]: 6,
  [constants.ZSTD_c_searchLog]: 3,
  [constants.ZSTD_c_windowLog]: 19,
  [constants.ZSTD_c_hashLog]: 17,
  [constants.ZSTD_c_chainLog]: 17,
  [constants.ZSTD_c_checksumFlag]: 1,
};

/**
 * Compresses pieces side by side, each a frame of zstd or a member of gzip of its own: every reader takes one after the
 * other. gzip at level 6, its default.
 */
export function compressor(compression: Compression): Duplex {
  switch (compression) {
    case 'zstd':
      return sideBySide((piece) => zstd(piece, { chunkSize, params: zstdParams }));
    case 'gzip':
      return sideBySide((piece) => gzipped(piece, { chunkSize }));
    case 'none':
      return new PassThrough();
  }
}

const zstd = promisify(zstdCompress);
const gzipped = promisify(gzip);

function sideBySide(compress: (piece: Buffer) => Promise<Buffer>): Duplex {
  return Duplex.from(async function* compressed(source: AsyncIterable<Buffer>) {
    // Used again and again: left to the garbage collection, memory grows by what it has not yet come to.
    const spare: Buffer[] = Array.from({ length: piecesAtOnce + 1 }, () => Buffer.allocUnsafeSlow(pieceBytes));
    const underWay: Promise<Buffer>[] = [];
    for await (const piece of pieces(source, spare)) {
      const answer = compress(piece);
      answer.then(
        () => spare.push(piece),
        // Awaited in its turn; when the source fails first, by nobody.
        () => {},
      );
      underWay.push(answer);
      if (underWay.length === piecesAtOnce) yield await (underWay.shift() as Promise<Buffer>);
    }
    for (const answer of underWay) yield await answer;
  });
}

/** The same bytes in pieces of the spare buffers' size, the last one shorter; one empty piece of nothing. */
async function* pieces(source: AsyncIterable<Buffer>, spare: Buffer[]): AsyncGenerator<Buffer> {
  let piece = spare.pop() as Buffer;
  let used = 0;
  let first = true;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.copy(piece, used, at);
      used += taken;
      at += taken;
      if (used < piece.length) continue;
      yield piece;
      piece = spare.pop() as Buffer;
      used = 0;
      first = false;
    }
  }
  if (used > 0 || first) yield piece.subarray(0, used);
}

export function decompressor(compression: Compression): Duplex {
  switch (compression) {
    case 'zstd': {
      const frames = new ZstdFrames();
      const plain = createZstdDecompress({ chunkSize });
      // Its failure is the pair's.
      pipeline(frames, plain, () => {});
      return Duplex.from({ writable: frames, readable: plain });
    }
    case 'gzip':
      return createGunzip({ chunkSize });
    case 'none':
      return new PassThrough();
  }
}
