/** A problem that this server reports over HTTP. */
export interface Problem {
  /** The HTTP status, 400 to 599. */
  readonly status: number;
  /** A stable word for programs. */
  readonly code: string;
  /** What is wrong with this request and what to do. */
  readonly detail: string;
}

/** Ends the handling of a request; the app's error handler answers with the problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

const titles: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/**
 * Answers with problem details (RFC 9457). The type is `about:blank`, so the
 * title is the status's name; `code` is an extension member.
 *
 * @param headers Besides the content type, and the challenge of a 401 (RFC 6750 §3).
 */
export function problemResponse(
  { status, code, detail }: Problem,
  headers: Record<string, string> = {},
): Response {
  const challenge = status === 401 ? { "WWW-Authenticate": "Bearer" } : {};
  return new Response(
    JSON.stringify({
      type: "about:blank",
      title: titles[status],
      status,
      code,
      detail,
    }),
    {
      status,
      headers: {
        "Content-Type": "application/problem+json",
        ...challenge,
        ...headers,
      },
    },
  );
}
