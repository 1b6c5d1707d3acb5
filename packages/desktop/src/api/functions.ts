import {
  earnings,
  earningsReport,
  liveTasks,
  offerLogs,
  offerStatistics,
  offerSummary,
  programInfo,
  taskList,
  taskSummary,
  type Earnings,
  type EarningsReport,
  type LiveTasks,
  type OfferLogs,
  type OfferStatistics,
  type OfferSummary,
  type ProgramInfo,
  type SignedOffer,
  type TaskSummary,
} from '@freehold/protocol';
import { unreachable, type Request } from './request.ts';
import { uploadBytes } from './upload.ts';

const offerList = { parse: (value: unknown): OfferSummary[] => offerSummary.array().parse(Object(value)['offers']) };

/** What a function answered to a call from this page. */
export type FunctionAnswer = { status: number; milliseconds: number; type: string; text: string; isCached: boolean };

const shownCharacters = 4_000;
const isText = /^(text\/|application\/(json|xml|javascript|problem\+json))/;

export type FunctionsApi = ReturnType<typeof createFunctionsApi>;

export function createFunctionsApi(request: Request) {
  return {
    offers: (): Promise<OfferSummary[]> => request(offerList, '/api/offers'),
    publish: (body: SignedOffer): Promise<OfferSummary> => request(offerSummary, '/api/offers', { method: 'POST', body }),
    withdraw: (id: string): Promise<OfferSummary> => request(offerSummary, `/api/offers/${id}`, { method: 'DELETE' }),
    uploadProgram: (body: Blob, options: { onProgress: (sentBytes: number) => void; signal: AbortSignal }): Promise<ProgramInfo> =>
      uploadBytes({ shape: programInfo, path: '/api/programs', body, ...options }),
    /** One page of what ran of a function, newest first. */
    history: ({ offer, after }: { offer: string; after?: string }): Promise<{ tasks: TaskSummary[]; next: string | null }> =>
      request(taskList, `/api/tasks?${new URLSearchParams({ offer, limit: '30', ...(after !== undefined && { after }) })}`),
    live: (): Promise<LiveTasks['tasks']> => request(liveTasks, '/api/tasks/live').then(({ tasks }) => tasks),
    stop: (id: string): Promise<TaskSummary> => request(taskSummary, `/api/tasks/${id}`, { method: 'DELETE' }),
    statistics: (offer: string): Promise<OfferStatistics> => request(offerStatistics, `/api/offers/${offer}/statistics`),
    logs: (offer: string): Promise<OfferLogs['logs']> => request(offerLogs, `/api/offers/${offer}/logs`).then(({ logs }) => logs),
    /** Calls a function as a stranger would: without the session. Errors: ApiError when the node does not answer. */
    async call(path: string, { method, body, type }: { method: string; body?: string; type?: string }): Promise<FunctionAnswer> {
      const begun = performance.now();
      // Its seller calls it free of charge, and the owner of the node, too.
      const headers = { 'x-requested-by': 'freehold', ...(type !== undefined && { 'content-type': type }) };
      // Not `request`, which speaks the node's own API: whatever a function says is its answer.
      const response = await fetch(path, { method, credentials: 'same-origin', headers, ...(body !== undefined && { body }) }).catch(
        (error: unknown) => {
          throw unreachable(error);
        },
      );
      const bytes = await response.arrayBuffer();
      const media = response.headers.get('content-type') ?? '';
      const text = isText.test(media) ? new TextDecoder().decode(bytes).slice(0, shownCharacters) : `(${bytes.byteLength} bytes)`;
      const isCached = / cached=1/.test(response.headers.get('x-freehold-task') ?? '');
      return { status: response.status, milliseconds: Math.round(performance.now() - begun), type: media, text, isCached };
    },
    /** What was earned in the last `days` days, and what became of the rest. */
    report: (days: number): Promise<EarningsReport> => request(earningsReport, `/api/earnings/report?days=${days}`),
    earnings: (): Promise<Earnings> => request(earnings, '/api/earnings'),
  };
}
