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

/** How a piece is compressed: `hurried` while reading has to wait for it. A backup has to be read before the server's history ends. */
type Effort = 'thorough' | 'hurried';

/**
 * On mixed documents, beside gzip at level 6. Thorough: beside level 7 with matches of six bytes or more, for names of
 * fields repeat at length and numbers do not, which measured 2 % smaller and somewhat faster; no larger than gzip for a
 * third of its work. Hurried: three times as fast again, and 6 % larger.
 */
const zstdParams: Record<Effort, Record<number, number>> = {
  thorough: {
    [constants.ZSTD_c_compressionLevel]: 6,
    [constants.ZSTD_c_strategy]: constants.ZSTD_lazy2,
    [constants.ZSTD_c_minMatch]: 6,
    [constants.ZSTD_c_searchLog]: 3,
    [constants.ZSTD_c_windowLog]: 19,
    [constants.ZSTD_c_hashLog]: 17,
    [constants.ZSTD_c_chainLog]: 17,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
  hurried: {
    [constants.ZSTD_c_compressionLevel]: 3,
    [constants.ZSTD_c_strategy]: constants.ZSTD_dfast,
    [constants.ZSTD_c_minMatch]: 6,
    [constants.ZSTD_c_windowLog]: 18,
    [constants.ZSTD_c_hashLog]: 16,
    [constants.ZSTD_c_chainLog]: 16,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

/**
 * Compresses pieces side by side, each a frame of zstd or a member of gzip of its own: every reader takes one after the
 * other. zstd as thoroughly as reading leaves it time to; gzip at level 6, its default.
 */
export function compressor(compression: Compression): Duplex {
  switch (compression) {
    case 'zstd':
      return sideBySide((piece, effort) => zstd(piece, { chunkSize, params: zstdParams[effort] }));
    case 'gzip':
      return sideBySide((piece) => gzipped(piece, { chunkSize }));
    case 'none':
      return new PassThrough();
  }
}

const zstd = promisify(zstdCompress);
const gzipped = promisify(gzip);

function sideBySide(compress: (piece: Buffer, effort: Effort) => Promise<Buffer>): Duplex {
  return Duplex.from(async function* compressed(source: AsyncIterable<Buffer>) {
    // Used again and again: left to the garbage collection, memory grows by what it has not yet come to.
    const spare: Buffer[] = Array.from({ length: piecesAtOnce + 1 }, () => Buffer.allocUnsafeSlow(pieceBytes));
    /** In their order; some of them have ended. */
    const begun: Promise<Buffer>[] = [];
    let underWay = 0;
    for await (const piece of pieces(source, spare)) {
      const effort = underWay === piecesAtOnce ? 'hurried' : 'thorough';
      if (begun.length === piecesAtOnce) yield await (begun.shift() as Promise<Buffer>);
      const answer = compress(piece, effort);
      underWay++;
      answer.then(
        () => {
          underWay--;
          spare.push(piece);
        },
        // Awaited in its turn; when the source fails first, by nobody.
        () => {},
      );
      begun.push(answer);
    }
    for (const answer of begun) yield await answer;
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
