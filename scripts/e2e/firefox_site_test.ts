import { assertEquals } from "@std/assert";
import { LoginSite } from "../../conductor/browser/testing/login_site.ts";
import { FirefoxRig, firefoxTest } from "../testing/firefox_rig.ts";

firefoxTest(
  "Firefox passes a redirect to another origin on as the answer",
  async () => {
    await using other = new LoginSite("127.0.0.2");
    await using rig = await FirefoxRig.start({}, [other.host]);
    const firefox = await rig.openLoggedIn({
      preferences: { "network.proxy.no_proxies_on": "127.0.0.1,127.0.0.2" },
    });
    const redirect = (to: string, fields = {}, status = 302) =>
      rig.request({
        path: `/redirect?status=${status}&to=${encodeURIComponent(to)}`,
        ...fields,
      });
    const there = `${other.origin}/me?code=secret`;
    for (const status of [301, 302, 303, 307, 308]) {
      const told = await redirect(there, {}, status);
      assertEquals(told.data.status, status, JSON.stringify(told));
      assertEquals(told.data.redirected_to, `${other.origin}/me`);
      assertEquals(told.data.headers.location, undefined, "it may be a secret");
    }
    assertEquals(other.seen.length, 0, "nothing was asked there");
    const streamed = await Array.fromAsync(
      await rig.stream({ path: `/redirect?to=${encodeURIComponent(there)}` }),
    );
    assertEquals(streamed.map((it) => it.event), ["stream_open", "stream_end"]);
    assertEquals(streamed[0]?.data.redirected_to, `${other.origin}/me`);

    const follow = { follow_redirects: true };
    const stranger = await redirect(there, follow);
    assertEquals(stranger.data.status, 401);
    assertEquals(stranger.data.via, "background", "there is no page of it");
    assertEquals(stranger.data.url, `${other.origin}/me`);
    assertEquals(stranger.data.redirected_to, null);
    await firefox.newTab(`${other.origin}/login`);
    const known = await redirect(there, follow);
    assertEquals(JSON.parse(known.data.body), { user: "ada" });
    assertEquals(known.data.via, "page");

    // No site acts with the login at another: only what is safe goes on.
    const acting = (method: string, status: number) =>
      redirect(`${other.origin}/echo`, {
        ...follow,
        method,
        body: "hello",
        headers: { "x-own": "1", "accept-language": "de" },
      }, status);
    const stopped = [["POST", 307], ["POST", 308], ["PUT", 302]] as const;
    for (const [method, status] of stopped) {
      const { data } = await acting(method, status);
      assertEquals(data.status, status);
      assertEquals(data.redirected_to, `${other.origin}/echo`);
    }
    assertEquals(other.to("/echo").length, 0);
    for (const status of [302, 303]) {
      assertEquals((await acting("POST", status)).data.body, "");
    }
    const arrived = other.to("/echo");
    assertEquals(arrived.map((it) => it.method), ["GET", "GET"]);
    for (const { headers } of arrived) {
      assertEquals(headers.get("x-own"), null);
      assertEquals(headers.get("content-type"), null);
      assertEquals(headers.get("accept-language"), "de");
    }
    // A POST that its own site made a GET of is one.
    const onwards = encodeURIComponent(`${other.origin}/me`);
    const turned = await redirect(`/redirect?status=307&to=${onwards}`, {
      ...follow,
      method: "POST",
      body: "hello",
    }, 303);
    assertEquals(JSON.parse(turned.data.body), { user: "ada" });

    // Two sites that send to each other.
    const back = encodeURIComponent(`${rig.site.origin}/redirect`);
    const round = `${other.origin}/redirect?to=${back}`;
    const both = await redirect(round, follow);
    assertEquals(JSON.parse(both.data.body), { user: "ada" });
    const loop = await rig.request({ path: "/loop", ...follow });
    assertEquals(loop.status, 502);
    assertEquals(loop.error.details.reason, "too_many_redirects");
    assertEquals(loop.error.retryable, false);

    const { port } = new URL(rig.site.origin);
    const own = `http://localhost:${port}/me`;
    assertEquals((await redirect(own)).data.redirected_to, own);
    const refused = await redirect(own, follow);
    assertEquals(refused.error.details.reason, "target_refused");
    assertEquals(refused.error.retryable, false);
    const asked = other.seen.length;
    const secret = `http://ada:hunter2@${other.host}/me`;
    for (const to of [secret, "data:text/plain,a", "ftp://127.0.0.2/a"]) {
      const { error } = await redirect(to, follow);
      assertEquals(error.details.reason, "target_refused", to);
      assertEquals(error.retryable, false);
      assertEquals(/hunter2|127\.0\.0\.2\/|ada/.test(error.message), false);
    }
    assertEquals(other.seen.length, asked);
  },
);

firefoxTest(
  "Firefox answers a demand for a password with the site's 401",
  async () => {
    await using rig = await FirefoxRig.start({
      BAA_BROWSER_BREAKER_FAILURES: "100",
    });
    await rig.openLoggedIn();
    const challenges = [
      [],
      ['Basic realm="a"'],
      ['Digest realm="a", nonce="1", qop="auth"'],
      ["Negotiate"],
      ["NTLM"],
      ["Unknown x"],
      ["Bearer"],
      ["Negotiate", 'Basic realm="a"'],
    ];
    for (const challenge of challenges) {
      const query = new URLSearchParams(
        challenge.map((it) => ["challenge", it]),
      );
      const answer = await rig.request({
        path: `/password?${query}`,
        timeout_ms: 5_000,
      });
      assertEquals(
        answer.data?.status,
        401,
        `${challenge} ${JSON.stringify(answer)}`,
      );
      assertEquals(answer.data.body, "who are you?");
    }
  },
);

firefoxTest(
  "Firefox passes on what the site said, to the byte or as text",
  async () => {
    await using rig = await FirefoxRig.start();
    await rig.openLoggedIn();
    const text = (hex: string, type: string) =>
      `/text?hex=${hex}&type=${encodeURIComponent(type)}`;
    const latin = text("67fc", "text/plain; charset=iso-8859-1");
    assertEquals((await rig.request({ path: latin })).data.body, "gü");
    const marked = text("efbbbf7b7d", "application/json");
    assertEquals((await rig.request({ path: marked })).data.body, "{}");
    assertEquals((await rig.request({ path: "/gzip" })).data.body, "squeezed");
    const download = await rig.request({ path: "/bytes?n=20000000" });
    assertEquals(download.data.body_bytes, 20_000_000);
    const png = text("89504e470d0a1a0a00ff", "image/png");
    const image = await rig.request({ path: png });
    assertEquals(image.data.body, null);
    assertEquals(
      Uint8Array.fromBase64(image.data.body_base64).toHex(),
      "89504e470d0a1a0a00ff",
    );
    const events = async (path: string) =>
      await Array.fromAsync(await rig.stream({ path }));
    const [, chunk] = await events(latin);
    assertEquals(chunk?.data.data, "gü");
    assertEquals((await events(marked))[1]?.data.data, "{}");
    const [, failed] = await events(png);
    assertEquals(failed?.event, "stream_error");
    assertEquals(failed?.data.details.reason, "binary_body");
    assertEquals(failed?.data.retryable, false);

    const cached = async () => (await rig.request({ path: "/cached" })).data;
    assertEquals((await cached()).from_cache, false);
    assertEquals((await cached()).from_cache, true);
    assertEquals(rig.site.to("/cached").length, 1);
  },
);
