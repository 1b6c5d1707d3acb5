import { handler } from '../index.ts';

export default handler(async (request) => {
  const url = new URL(request.url);
  if (url.pathname === '/fail') throw new Error('on purpose');
  return Response.json(
    {
      method: request.method,
      path: url.pathname,
      query: url.search,
      type: request.headers.get('content-type'),
      body: await request.text(),
    },
    { status: 201, headers: { 'x-sdk': 'yes' } },
  );
});
