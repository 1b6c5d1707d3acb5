import { FreeholdError } from '@freehold/protocol';

export class ContractsError extends FreeholdError<'chain_failed' | 'deployment_refused'> {}
