/** Where to listen or to connect. */
export interface HostPort {
  /** A name or an IP address; IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** Whether the text is a name or an address, as far as its form tells. */
export function isHostname(text: string): boolean {
  return text.length <= 253 && /^(?:[0-9a-f:.]+|[^\p{C}\p{Z}:[\]]+)$/iu.test(text);
}

/** Reads "host:port", with an IPv6 address in brackets. Undefined for anything else, or if the port is below `minPort`. */
export function parseHostPort(text: string, minPort: number): HostPort | undefined {
  const { bracketed, plain, port } = /^(?:\[(?<bracketed>[0-9a-f:.]+)\]|(?<plain>[^\s:[\]]+)):(?<port>\d{1,5})$/i
    .exec(text)?.groups ?? {};
  const hostname = bracketed ?? plain;
  const number = parsePort(port ?? "", minPort);
  return hostname === undefined || number === undefined ? undefined : { hostname, port: number };
}

/** Reads "host:port", or only a port, which is then on the default host. */
export function parseListenAddress(text: string, defaultHostname: string): HostPort | undefined {
  const port = parsePort(text, 0);
  return port === undefined ? parseHostPort(text, 0) : { hostname: defaultHostname, port };
}

/** Reads a name or an IP address; IPv6 has no brackets. */
export function parseHost(text: string): string | undefined {
  return /^(?:[0-9a-f:.]+|[^\s:[\]]+)$/i.test(text) ? text : undefined;
}

/** Reads a port from `min` to 65,535. */
export function parsePort(text: string, min: number): number | undefined {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= min && port <= 65_535 ? port : undefined;
}

export function formatHostPort({ hostname, port }: HostPort): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
