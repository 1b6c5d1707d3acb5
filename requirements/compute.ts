import type { Requirement } from './requirement.ts';

/** What issue 4 (Compute) asks for. */
export default [
  {
    id: 'compute.tool.describe',
    source: 'issues/4',
    behaviour: 'a program is asked in the sandbox what it is (`--mcp-describe`), and cannot be sold as another tool than it says',
  },
  {
    id: 'compute.tool.smoke',
    source: 'issues/4',
    behaviour: "a tool's examples are run in the sandbox, and its offer goes live only when they come true",
  },
  { id: 'compute.tool.call', source: 'issues/4', behaviour: 'a tool takes one JSON value and answers one, both as its schemas say' },
  {
    id: 'compute.tool.errors',
    source: 'issues/4',
    behaviour: "a tool's refusals reach the caller with their code, and broken promises are failures",
  },
  {
    id: 'compute.tool.environment',
    source: 'issues/4',
    behaviour: 'a tool sees its call id, its time and its scratch space, and nothing that is not in the identity of the task',
  },
  { id: 'compute.tool.schema', source: 'issues/4', behaviour: 'neither a hostile schema nor a hostile value holds up the node' },
  { id: 'compute.sdk.hello', source: 'issues/4', behaviour: 'a hello tool in at most 12 lines' },
  {
    id: 'compute.sdk.program',
    source: 'issues/4',
    behaviour: 'a tool written with `@freehold/sdk` is a program that keeps to `tool/1` wherever Node runs',
  },
  {
    id: 'compute.sdk.default',
    source: 'issues/4',
    behaviour: 'imported, a tool does nothing, and its default export can be called by a host or a test',
  },
  { id: 'compute.sdk.handler', source: 'issues/4', behaviour: 'a handler of requests speaks CGI as a program' },
  {
    id: 'compute.tool.http',
    source: 'issues/4',
    behaviour: 'over HTTP a tool is described by GET and called by POST with JSON; its refusals cost nothing',
  },
] satisfies Requirement[];
