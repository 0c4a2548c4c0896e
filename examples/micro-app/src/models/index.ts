export { City, type CityFields } from './city.ts';
export { Country, type CountryFields } from './country.ts';
