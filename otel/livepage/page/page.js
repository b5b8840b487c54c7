// Shows the snapshots that the process sends. All times are by the process's clock: how far that has got since the last
// snapshot is measured here, so it does not matter what time this device believes it is.
"use strict";
(() => {
  const silentAfter = 12000; // ms; a snapshot comes every 5 s
  const byID = (id) => document.getElementById(id);
  let said = Date.parse(document.documentElement.dataset.now); // the process's time in the last snapshot
  let heard = { ran: performance.now(), wall: Date.now() };
  let life; // of the token: from, to
  let source;

  // age is how long ago the last snapshot came. Some devices stop one of the two clocks while they sleep.
  const age = () => Math.max(performance.now() - heard.ran, Date.now() - heard.wall);
  const now = () => said + age();

  function inWords(ms) {
    const s = Math.floor(Math.max(0, ms) / 1000);
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  }

  const spoken = {
    relative: (t) => (t >= now() ? `in ${inWords(t - now())}` : `${inWords(now() - t)} ago`),
    clock: (t) => new Date(t).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }),
  };

  function element(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
    e.append(...children);
    return e;
  }

  function time(at, as) {
    return element("time", { datetime: at, "data-as": as, class: as, title: at }, spoken[as](Date.parse(at)));
  }

  const moment = (at) => (at ? [" ", time(at, "relative"), " ", time(at, "clock")] : []);

  // What is as it was is left alone: screen readers read changes out, and selections live on.
  const shown = new Map();
  function put(id, of, build) {
    const text = JSON.stringify(of);
    if (shown.get(id) === text) return;
    shown.set(id, text);
    byID(id).replaceChildren(...build());
  }

  const setText = (e, text) => { if (e.textContent !== text) e.textContent = text; };

  function show(s) {
    const title = (s.name ? s.name + " \u00b7 " : "") + "Redis authentication";
    setText(document.querySelector("title"), `${s.verdict.answer} ${title}`);
    byID("verdict").className = s.verdict.level;
    setText(document.querySelector("#answer strong"), s.verdict.answer);
    setText(document.querySelector("#answer span"), s.verdict.reason);
    setText(byID("advice"), s.verdict.advice);

    const t = s.token;
    life = t.expires_at && { from: Date.parse(t.issued_at || s.since), to: Date.parse(t.expires_at) };
    setText(byID("expiry-term"), { none: "No token yet", expired: "Expired", valid: "Expires" }[t.state]);
    put("expiry", t.expires_at, () => moment(t.expires_at));
    put("renewal", t.renewal, () => [t.renewal.text, ...moment(t.renewal.at)]);
    put("entra", [s.entra.text, s.entra.at], () => [s.entra.text, ...moment(s.entra.at)]);
    byID("codes").hidden = !s.entra.kind;
    setText(document.querySelector("#codes dd"), s.entra.codes || "");
    byID("identity").hidden = !t.object_id;
    setText(document.querySelector("#identity dd"), t.object_id || "");

    showServers(s);
    byID("no-events").hidden = s.events.length > 0;
    put("events", s.events, () => s.events.map(line));
  }

  function showServers(s) {
    byID("servers").hidden = s.servers.length === 0;
    byID("no-servers").hidden = s.servers.length > 0;
    byID("more").hidden = !s.more_servers;
    setText(byID("more"), `And ${s.more_servers} more servers.`);
    const [caption, head] = byID("servers").children;
    put("servers", s.servers, () => [caption, head, ...s.servers.map(server)]);
  }

  function server(s) {
    const count = (n, level) => element("td", n > 0 && level ? { class: level } : {}, String(n));
    const client = [s.library, s.pool].filter(Boolean).join(" ");
    const head = element("th", { scope: "rowgroup", colspan: 5 }, s.server, " ", element("span", { class: "client" }, client));
    if (s.trouble) head.append(" ", element("strong", { class: s.trouble.level }, s.trouble.text));
    const body = element("tbody", {},
      element("tr", {}, head),
      element("tr", {}, count(s.current), count(s.stale), count(s.at_risk, "watch"), count(s.expired, "bad"), count(s.not_logged_in)));
    if (s.rotation) {
      const { planned, done } = s.rotation;
      body.append(element("tr", { class: "rotation" }, element("td", { colspan: 5 },
        element("progress", { "aria-label": "Rotation", max: planned, value: done }), ` ${done} of ${planned} have the new token`)));
    }
    return body;
  }

  function line(e) {
    const text = element("span", {}, e.text);
    if (e.since) text.append(" ", ...(e.times ? [element("b", {}, `${e.times} times`), " since "] : ["First at "]), time(e.since, "clock"));
    return element("li", { class: e.level }, time(e.at, "clock"), " ", text);
  }

  // tick moves what moves with time alone, and notices silence.
  function tick() {
    for (const e of document.querySelectorAll("time")) setText(e, spoken[e.dataset.as](Date.parse(e.dateTime)));
    const meter = byID("life");
    meter.hidden = !life;
    if (life) {
      meter.max = (life.to - life.from) / 1000;
      meter.value = Math.max(0, life.to - now()) / 1000;
      setText(meter, `${Math.round(meter.value)} s left`);
    }
    const silent = age() > silentAfter;
    document.body.classList.toggle("silent", silent);
    const [alarm, since] = byID("silence").children;
    setText(alarm, silent ? "This page has not heard from the process" : "");
    setText(since, silent ? ` for ${inWords(age())}. What it shows is from ${spoken.clock(said)}.` : "");
    if (age() > 6000) retry();
  }

  function hear(s) {
    said = Date.parse(s.now);
    heard = { ran: performance.now(), wall: Date.now() };
    show(s);
    tick();
  }

  function listen() {
    source?.close();
    source = new EventSource("events");
    source.onmessage = (message) => hear(JSON.parse(message.data));
  }

  // retry asks for a snapshot where the stream brings none: too many readers, a proxy that holds it back, a network that
  // changed below it without a word.
  let tried = 0, listened = 0;
  function retry() {
    if (performance.now() - tried < 5000) return;
    tried = performance.now();
    if (tried - listened > 15000) {
      listened = tried;
      listen();
    }
    fetch("snapshot").then((answer) => (answer.ok ? answer.json().then(hear) : undefined), () => {});
  }

  setText(byID("zone"), `Times are those of this device (${Intl.DateTimeFormat().resolvedOptions().timeZone}); UTC when pointed at.`);
  document.addEventListener("visibilitychange", tick);
  setInterval(tick, 1000);
  listened = performance.now();
  listen();
})();
