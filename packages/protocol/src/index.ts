export { FreeholdError } from './error.ts';
