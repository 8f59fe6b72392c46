import type { ClientTlsOptions } from "@npws/pool";
import { createAuthority, createCertificate } from "../certificates.ts";

const authority = await createAuthority();

/** What the proxies prove themselves with: they are "localhost" and 127.0.0.1. */
export const identity = await createCertificate(authority);

/**
 * How clients check that. They dial the address: no runtime can cancel the lookup of a name, so that one whose pool closes
 * meanwhile would end after its test.
 */
export const clientTls: ClientTlsOptions = { mode: "verified", caCerts: [authority.cert] };
