import { http } from "./exporter";

const hosts = [
  "api.shop.example.com",
  "cdn.shop.example.com",
  "auth.shop.example.com",
  "telemetry.vendor.co.uk",
  "192.0.2.44",
];
const statuses = [200, 200, 200, 200, 304, 200, 404, 200, 200, 503, 201, 200, 301];

/* An hour of flows that end at `endMs`: one every 15 s, of several hosts,
 * devices, methods and statuses, in waves. */
export function anHour(endMs: number, count = 240) {
  return Array.from({ length: count }, (_, at) => {
    const host = hosts[(at * 7) % hosts.length];
    const wave = Math.round(8000 * Math.sin(at / 9));
    return http(`http://${host}/v${at % 3}/orders/${at}`, {
      method: at % 5 === 0 ? "POST" : "GET",
      startMs: endMs - (count - at) * (3_600_000 / count) + wave,
      response: { statusCode: statuses[at % statuses.length] ?? 200 },
      more: {
        durationMs: 5 + (at % 17) * (at % 17) * 3,
        client: { peernameHost: `10.8.0.${2 + (at % 3)}`, peernamePort: 40000 + at },
      },
    });
  });
}
