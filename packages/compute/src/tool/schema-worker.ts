import { parentPort } from 'node:worker_threads';
import { openJsonJudge, type Question } from './judge-json.ts';

/** Judges one question at a time. What comes here may be hostile: whoever asks ends the thread when it takes too long. */
const judge = openJsonJudge();

parentPort?.on('message', (question: Question) => parentPort?.postMessage(judge(question)));
// Says that it is there.
parentPort?.postMessage({});
