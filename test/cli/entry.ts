/** What bin/mongo-release.js does with the bundle, done with the sources. */
import { main } from '../../src/cli/main.ts';

await main(process.argv.slice(2));
