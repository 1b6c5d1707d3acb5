import {
  earnings,
  offerSummary,
  programInfo,
  taskList,
  type Earnings,
  type OfferSummary,
  type ProgramInfo,
  type SignedOffer,
  type TaskSummary,
} from '@freehold/protocol';
import type { Request } from './request.ts';
import { uploadBytes } from './upload.ts';

const offerList = { parse: (value: unknown): OfferSummary[] => offerSummary.array().parse(Object(value)['offers']) };

export type FunctionsApi = ReturnType<typeof createFunctionsApi>;

export function createFunctionsApi(request: Request) {
  return {
    offers: (): Promise<OfferSummary[]> => request(offerList, '/api/offers'),
    publish: (body: SignedOffer): Promise<OfferSummary> => request(offerSummary, '/api/offers', { method: 'POST', body }),
    withdraw: (id: string): Promise<OfferSummary> => request(offerSummary, `/api/offers/${id}`, { method: 'DELETE' }),
    uploadProgram: (body: Blob, options: { onProgress: (sentBytes: number) => void; signal: AbortSignal }): Promise<ProgramInfo> =>
      uploadBytes({ shape: programInfo, path: '/api/programs', body, ...options }),
    tasks: (): Promise<TaskSummary[]> => request(taskList, '/api/tasks?limit=200').then(({ tasks }) => tasks),
    earnings: (): Promise<Earnings> => request(earnings, '/api/earnings'),
  };
}
