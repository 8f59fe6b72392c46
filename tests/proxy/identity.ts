import type { ClientTlsOptions } from "@npws/pool";
import { createAuthority, createCertificate } from "../certificates.ts";

const authority = await createAuthority();

/** What the proxies prove themselves with: they are "localhost". */
export const identity = await createCertificate(authority);

/** How clients check that. */
export const clientTls: ClientTlsOptions = { mode: "verified", caCerts: [authority.cert] };
