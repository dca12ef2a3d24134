/** Sends an archive: a small one in GraphQL as scripts do, a larger one to the route that is there for them. */
import { request, upload } from "@/graphql/client.ts";
import { InstallPlugin } from "./operations.ts";

/** As base64 in JSON this keeps below the API's limit for bodies. */
const SMALL = 1_400_000;

export interface Installed {
  name: string;
  version: string;
}

export async function install(file: File): Promise<Installed> {
  if (file.size > SMALL) return upload<Installed>("/api/plugins", file);
  const { installPlugin } = await request(InstallPlugin, { archive: await inBase64(file) });
  return installPlugin;
}

async function inBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
