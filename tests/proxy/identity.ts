import type { ClientTlsOptions } from "@npws/pool";
import { createAuthority, createCertificate } from "../certificates.ts";

const authority = await createAuthority();

/** The certificate of the proxies, for "localhost" and 127.0.0.1. */
export const identity = await createCertificate(authority);

/**
 * How clients verify it. They dial the address, because no runtime can cancel a name lookup: one that is in progress when its
 * pool closes would outlast its test.
 */
export const clientTls: ClientTlsOptions = { mode: "verified", caCerts: [authority.cert] };
