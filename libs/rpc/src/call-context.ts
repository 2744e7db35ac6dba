import { type ContextKey, createContextKey } from "@connectrpc/connect";

/** Which tenants a call is about. Writes name exactly one; reads may name several, sorted and without repeats. */
export type Tenants = readonly string[];

/** Set by `requestGate` from the request's headers; empty where the service asks for none. */
export const tenantsKey: ContextKey<Tenants> = createContextKey<Tenants>([], { description: "tenants" });

/** Names the request in logs. Set by the server. */
export const requestIdKey: ContextKey<string> = createContextKey("", { description: "request id" });
