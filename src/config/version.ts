/** The version in package.json; `npm run generate` writes it here and `npm run check` compares. */
export const toolVersion = '0.1.0';
