/** Builds `dist/` from the sources: `npm run build`. */
import { dirname, join } from 'node:path';
import { noteBuilt } from './built.ts';
import { makeBundle, writeBundle } from './bundle.ts';

const bundle = await makeBundle();
await writeBundle(bundle, join(dirname(import.meta.dirname), 'dist'));
await noteBuilt();
for (const [name, content] of bundle) console.log(`${String(Buffer.byteLength(content)).padStart(9)}  dist/${name}`);
