// Makes chromium.har: what Chromium, driven by Playwright, records of a few
// requests to a server of its own.
//
//     node tests/golden/har/make.mjs
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from '../../../web/node_modules/playwright-core/index.mjs';

const answers = {
  '/': ['text/html; charset=utf-8', '<title>héllo</title><link rel=icon href=data:,>'],
  '/json': ['application/json', '{"a":[1,2,"ü"]}'],
  '/bytes': ['application/octet-stream', Buffer.from([0, 1, 254, 255])],
  '/zipped': ['text/plain', gzipSync('zipped '.repeat(20))],
};
const server = http.createServer((request, response) => {
  const [type, body] = answers[request.url.split('?')[0]] ?? ['text/plain', 'posted'];
  response.setHeader('content-type', type);
  response.setHeader('set-cookie', ['a=1; Path=/; HttpOnly', 'b=2; Max-Age=60']);
  if (request.url === '/zipped') response.setHeader('content-encoding', 'gzip');
  response.end(body);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const path = fileURLToPath(new URL('chromium.har', import.meta.url));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const context = await browser.newContext({ recordHar: { path } });
const page = await context.newPage();
await page.goto(origin);
await page.evaluate(async () => {
  for (const url of ['/json?q=a%20b', '/bytes', '/zipped']) await (await fetch(url)).arrayBuffer();
  await fetch('/form', { method: 'POST', body: new URLSearchParams({ k: 'v &', l: '' }) });
  await fetch('http://127.0.0.1:1/').catch(() => {});
});
await context.close();
await browser.close();
server.close();
