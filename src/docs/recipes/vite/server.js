/** The server, for example `https://status.example`. */
export const url = import.meta.env.VITE_TASKWIRE_URL;

/** The backend gives the signed-in user a token, and each upload an id. */
export async function getToken() {
  const response = await fetch("/token");
  return await response.text();
}

/** The task of this page. */
export const upload = new URLSearchParams(location.search).get("upload");
