import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { incomingCookies, outgoingCookie } from './cookies.ts';

const out = (value: string) => outgoingCookie(value, { scriptPath: '/shop.cgi', scriptNames: ['/abc.cgi', '/shop.cgi'] });

test('a cookie keeps to the function that set it', () => {
  verifies('compute.cgi.cookies');
  for (const [given, sent] of [
    ['a=1', 'fn-a=1; Path=/shop.cgi'],
    ['a=', 'fn-a=; Path=/shop.cgi'],
    ['a="x y"; HttpOnly; SameSite=Lax; Max-Age=5', 'fn-a="x y"; Path=/shop.cgi; HttpOnly; SameSite=Lax; Max-Age=5'],
    ['a=1; Path=/', 'fn-a=1; Path=/shop.cgi'],
    ['a=1; path = /other', 'fn-a=1; Path=/shop.cgi'],
    ['a=1; Path=/shop.cgi/basket', 'fn-a=1; Path=/shop.cgi/basket'],
    ['a=1; Path=/abc.cgi/basket', 'fn-a=1; Path=/shop.cgi/basket'],
    ['a=1; Path=/shop.cgi.evil', 'fn-a=1; Path=/shop.cgi'],
    ['a=1; Path=/shop.cgi/b; Path=/', 'fn-a=1; Path=/shop.cgi'],
    ['a=1; Path', 'fn-a=1; Path=/shop.cgi'],
    ['a=1; DOMAIN = example.org; domain', 'fn-a=1; Path=/shop.cgi'],
    ['freehold_session=x', 'fn-freehold_session=x; Path=/shop.cgi'],
    ['__Host-a=1; Secure; Path=/', 'fn-__Host-a=1; Path=/shop.cgi; Secure'],
    ['no cookie', undefined],
    ['=1', undefined],
    ['a', undefined],
    ['', undefined],
  ])
    assert.equal(out(given ?? ''), sent, given);
});

test('only cookies of functions come back, under the names that they were given', () => {
  verifies('compute.cgi.cookies');
  assert.equal(incomingCookies('freehold_session=s; fn-a=1; b=2;fn-c="x=y";  fn-fn-d=4'), 'a=1; c="x=y"; fn-d=4');
  assert.equal(incomingCookies('freehold_session=s; FN-a=1'), undefined);
  assert.equal(incomingCookies(''), undefined);
});
