import { assertEquals } from "@std/assert";
import { parseRedisUrl, type RedisAddress } from "../../src/redis/address.ts";

const server = { kind: "server", isTls: false, database: 0 } as const;
const local = [{ host: "localhost", port: 6_379 }];

const addresses: Readonly<Record<string, RedisAddress>> = {
  "redis://localhost": { ...server, hosts: local },
  "redis://localhost/": { ...server, hosts: local },
  "redis://localhost:6380/15": {
    ...server,
    hosts: [{ host: "localhost", port: 6_380 }],
    database: 15,
  },
  "rediss://redis.example": {
    ...server,
    isTls: true,
    hosts: [{ host: "redis.example", port: 6_379 }],
  },
  "redis://[::1]": { ...server, hosts: [{ host: "::1", port: 6_379 }] },
  "redis://[2001:db8::7]:1/2": {
    ...server,
    hosts: [{ host: "2001:db8::7", port: 1 }],
    database: 2,
  },
  "redis://secret@localhost": { ...server, hosts: local, password: "secret" },
  "redis://:secret@localhost": { ...server, hosts: local, password: "secret" },
  "redis://ada@localhost": { ...server, hosts: local, password: "ada" },
  "redis://ada:@localhost": { ...server, hosts: local, username: "ada" },
  "redis://ada:secret@localhost": {
    ...server,
    hosts: local,
    username: "ada",
    password: "secret",
  },
  "redis://a%3Ada:p%40ss%2Fw%3Fo%23r%25d:%20%F0%9F%94%91@localhost": {
    ...server,
    hosts: local,
    username: "a:da",
    password: "p@ss/w?o#r%d: 🔑",
  },
  "redis://a,b:1,[::1]?sentinel=my%20master": {
    ...server,
    kind: "sentinel",
    hosts: [
      { host: "a", port: 26_379 },
      { host: "b", port: 1 },
      { host: "::1", port: 26_379 },
    ],
    masterName: "my master",
  },
  "rediss://ada:secret@a/3?sentinel=m": {
    kind: "sentinel",
    isTls: true,
    hosts: [{ host: "a", port: 26_379 }],
    username: "ada",
    password: "secret",
    database: 3,
    masterName: "m",
  },
  "redis://a,b:7001/0?cluster": {
    ...server,
    kind: "cluster",
    hosts: [{ host: "a", port: 6_379 }, { host: "b", port: 7_001 }],
  },
  "redis://a?cluster=": {
    ...server,
    kind: "cluster",
    hosts: [{ host: "a", port: 6_379 }],
  },
};

Deno.test("parseRedisUrl() parses all parts, with their defaults", () => {
  for (const [url, address] of Object.entries(addresses)) {
    assertEquals(parseRedisUrl(url), address, url);
  }
});

const refused = [
  "",
  "memory:",
  "localhost",
  "http://localhost",
  "redis:localhost",
  "redis://",
  "redis:///1",
  "redis://:secret@",
  "redis://localhost:0",
  "redis://localhost:65536",
  "redis://localhost:port",
  "redis://localhost:",
  "redis://a b",
  "redis://::1",
  "redis://[::1",
  "redis://[redis.example]",
  "redis://localhost/-1",
  "redis://localhost/one",
  "redis://localhost/1/2",
  "redis://localhost#part",
  "redis://p@ss@localhost",
  "redis://:p/ss@localhost",
  "redis://:100%@localhost",
  "redis://a,b",
  "redis://a,?cluster",
  "redis://a/1?cluster",
  "redis://a?cluster=yes",
  "redis://a?sentinel",
  "redis://a?sentinel=",
  "redis://a?sentinel=m&sentinel=n",
  "redis://a?sentinel=m&cluster",
  "redis://a?timeout=5",
  "redis://a?cluster&timeout=5",
];

Deno.test("parseRedisUrl() takes nothing else", () => {
  for (const url of refused) assertEquals(parseRedisUrl(url), undefined, url);
});
