import {
  type ConnectTransportOptions,
  createConnectTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-web";
import { run, type Told } from "./calls";

interface Ask {
  protocol: "connect" | "grpc-web";
  options: ConnectTransportOptions;
  name: string;
  text: string;
}

/* What the driver evaluates in a page. */
export function call({ protocol, options, name, text }: Ask): Promise<Told> {
  const make = protocol === "connect" ? createConnectTransport : createGrpcWebTransport;
  return run(make(options), name, text);
}
