import type { Transport } from "@connectrpc/connect";
import {
  type ConnectTransportOptions,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  type GrpcTransportOptions,
  type GrpcWebTransportOptions,
} from "@connectrpc/connect-node";
import { run, type Told } from "./calls";

type Client =
  | { protocol: "connect"; options: ConnectTransportOptions }
  | { protocol: "grpc"; options: GrpcTransportOptions }
  | { protocol: "grpc-web"; options: GrpcWebTransportOptions };

function transport(client: Client): Transport {
  switch (client.protocol) {
    case "connect":
      return createConnectTransport(client.options);
    case "grpc":
      return createGrpcTransport(client.options);
    case "grpc-web":
      return createGrpcWebTransport(client.options);
  }
}

export function call(ask: Client & { name: string; text: string }): Promise<Told> {
  return run(transport(ask), ask.name, ask.text);
}
