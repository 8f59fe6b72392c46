/** What the runtime knows of IP addresses. */
export { BlockList, isIPv4, isIPv6 } from "node:net";
