// Has Chromium, driven by Playwright, answer requests out of a HAR; prints
// what it got as JSON.
//
//     node tests/golden/har/open.mjs FILE URL...
import { chromium } from '../../../web/node_modules/playwright-core/index.mjs';

const [file, first, ...more] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await browser.newPage();
await page.routeFromHAR(file, { notFound: 'abort' });
await page.goto(first);
const got = { title: await page.title() };
for (const url of more) {
  got[url] = await page.evaluate(async (at) => {
    const response = await fetch(at);
    const bytes = [...new Uint8Array(await response.arrayBuffer())];
    return { status: response.status, type: response.headers.get('content-type'), bytes };
  }, url);
}
console.log(JSON.stringify(got));
await browser.close();
