import { connect } from "node:net";
import { eventually } from "../contract/eventually.ts";
import { isAvailable } from "../debian_programs.ts";
import { configuration } from "./configuration.ts";
import { identity } from "./identity.ts";
import { ProxyProcess, type ProxyProgram } from "./proxy_process.ts";

/** The address from which proxies connect to the server pools behind them. */
export const PROXY_ADDRESS = "127.0.0.9";

/** How a proxy in front of a server pool is configured. */
export interface FrontOptions {
  /** The server pool's port. */
  pool: number;
  /** How long a link may be silent, in seconds. @default 90, as in docs/proxies.md */
  silenceS?: number;
  /** How long connections may continue after a reload, in seconds. */
  shutdownS?: number;
  /** Whether clients may also speak HTTP/2. @default false */
  offersHttp2?: boolean;
}

/** The ports behind a proxy that refuses links. */
export interface RefusalOptions {
  /** The port of a server pool. */
  pool: number;
  /** A port that does not answer requests. */
  silent: number;
  /** A port that closes connections when a request arrives. */
  hungUp: number;
}

/** A kind of proxy. */
export interface ProxyKind {
  readonly name: "nginx" | "HAProxy";
  readonly isAvailable: boolean;
  /** Starts a proxy with the configuration from docs/proxies.md: it forwards /links on its TLS port to a server pool. */
  standBefore(options: FrontOptions): Promise<ProxyProcess>;
  /** Starts a proxy that lets no link through, for a different reason on each path. */
  refuse(options: RefusalOptions): Promise<ProxyProcess>;
}

const nginxProgram: ProxyProgram = {
  program: "nginx",
  args: (folder) => ["-p", folder, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"],
  started: /start worker process \d+/,
  portTaken: /bind\(\) to .* failed \(98/,
  workerEnded: /worker process \d+ exited/,
  reloadSignal: "SIGHUP",
};

const nginx: ProxyKind = {
  name: "nginx",
  isAvailable: isAvailable("nginx"),
  standBefore: ({ pool, silenceS = 90, shutdownS, offersHttp2 = false }) =>
    startNginx(shutdownS, ({ folder, tls }) =>
      configuration("nginx_pool.conf", {
        "listen 443 ssl": `listen 127.0.0.1:${tls} ssl${offersHttp2 ? " http2" : ""}`,
        "/etc/ssl/pool.example.com.crt": `${folder}/certificate.pem`,
        "/etc/ssl/pool.example.com.key": `${folder}/key.pem`,
        "127.0.0.1:8400": `127.0.0.1:${pool}`,
        "90s": `${silenceS}s`,
      })),
  refuse: (options) => startNginx(undefined, (place) => refusals("nginx_refusals.conf", options, place)),
};

const haproxyProgram: ProxyProgram = {
  program: "haproxy",
  args: (folder) => ["-W", "-S", masterSocket(folder), "-f", `${folder}/main.cfg`, "-f", `${folder}/frontends.cfg`],
  started: /Loading success/,
  portTaken: /cannot bind socket/,
  workerEnded: /Former worker \(\d+\) exited/,
  reloadSignal: "SIGUSR2",
  // It re-executes itself after loading, and loses signals that arrive before that.
  obeys: (folder) => eventually(() => answers(masterSocket(folder))),
};

/** The socket on which HAProxy's master process accepts commands. */
function masterSocket(folder: string): string {
  return `${folder}/master.sock`;
}

/** Whether a master process listens there and answers a command. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write("show version\n"));
    socket.once("data", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("close", () => resolve(false));
    socket.on("error", () => {}); // "close" reports the connection's end
  });
}

const haproxy: ProxyKind = {
  name: "HAProxy",
  isAvailable: isAvailable("haproxy"),
  standBefore: ({ pool, silenceS = 90, shutdownS, offersHttp2 = false }) =>
    startHaproxy(shutdownS, ({ folder, tls }) =>
      configuration("haproxy_pool.cfg", {
        "bind :443": `bind 127.0.0.1:${tls}`,
        "/etc/haproxy/pool.example.com.pem": `${folder}/identity.pem${offersHttp2 ? " alpn h2,http/1.1" : ""}`,
        "127.0.0.1:8400": `127.0.0.1:${pool}`,
        "90s": `${silenceS}s`,
      })),
  refuse: (options) => startHaproxy(undefined, (place) => refusals("haproxy_refusals.cfg", options, place)),
};

/** All kinds of proxies. */
export const proxyKinds: readonly ProxyKind[] = [nginx, haproxy];

type Place = ProxyProcess["place"];
type SiteOf = (place: Place) => string;

/** A configuration that lets no link through. */
function refusals(file: string, { pool, silent, hungUp }: RefusalOptions, { folder, tls, plain }: Place): string {
  return configuration(file, {
    "@tls@": tls,
    "@plain@": plain,
    "@folder@": folder,
    "@pool@": pool,
    "@silent@": silent,
    "@hungUp@": hungUp,
  });
}

function startNginx(shutdownS = 600, siteOf: SiteOf): Promise<ProxyProcess> {
  return ProxyProcess.start(nginxProgram, (place) => ({
    "nginx.conf": configuration("nginx_main.conf", { "@shutdown@": `${shutdownS}s` }),
    "servers.conf": siteOf(place),
    "certificate.pem": identity.cert,
    "key.pem": identity.key,
  }));
}

function startHaproxy(shutdownS = 600, siteOf: SiteOf): Promise<ProxyProcess> {
  return ProxyProcess.start(haproxyProgram, (place) => ({
    "main.cfg": configuration("haproxy_main.cfg", { "@shutdown@": `${shutdownS}s` }),
    "frontends.cfg": siteOf(place),
    "identity.pem": `${identity.cert}\n${identity.key}`,
  }));
}
