import { PassThrough, type Transform } from 'node:stream';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { Compression } from '../../config/schema.ts';

/** Large pieces: the default of 16 kB makes the streams around it the bottleneck. */
const chunkSize = 1024 * 1024;

/** Ending of an archive's file name. mongorestore reads the last two; `zstd -dc FILE | mongorestore --archive` the first. */
export const archiveEndings: Record<Compression, string> = {
  zstd: '.archive.zst',
  gzip: '.archive.gz',
  none: '.archive',
};

/** One frame over the whole archive; zstd at level 3, gzip at level 6, their defaults. */
export function compressor(compression: Compression): Transform {
  switch (compression) {
    case 'zstd':
      return createZstdCompress({ chunkSize, params: { [constants.ZSTD_c_checksumFlag]: 1 } });
    case 'gzip':
      return createGzip({ chunkSize });
    case 'none':
      return new PassThrough();
  }
}

export function decompressor(compression: Compression): Transform {
  switch (compression) {
    case 'zstd':
      return createZstdDecompress({ chunkSize });
    case 'gzip':
      return createGunzip({ chunkSize });
    case 'none':
      return new PassThrough();
  }
}
