"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const total = data.district.length;
  const holidays = new Set(data.holidays);
  const DAY_MS = 86400000;
  const at = (id) => document.getElementById(id);

  // Days are counted in UTC, so that no clock change moves one.
  const read = (text) => new Date(text + "T00:00:00Z");
  const write = (day) => day.toISOString().slice(0, 10);
  const plusDays = (day, count) => new Date(day.getTime() + count * DAY_MS);

  function plusMonths(day, months) {
    const first = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months, 1));
    const next = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0));
    return plusDays(first, Math.min(day.getUTCDate(), next.getUTCDate()) - 1);
  }

  function isWorkingDay(day) {
    return day.getUTCDay() % 6 !== 0 && !holidays.has(write(day));
  }

  function workingDaysUntil(start, last) {
    let count = 0;
    for (let day = start; day <= last; day = plusDays(day, 1)) count += isWorkingDay(day) ? 1 : 0;
    return count;
  }

  function workingDay(start, number) {
    let day = start;
    for (let left = number; ; day = plusDays(day, 1)) {
      if (!isWorkingDay(day)) continue;
      if (left === 0) return day;
      left -= 1;
    }
  }

  function milestones(start, perDay) {
    const found = [];
    for (const [name, months, days] of data.milestones) {
      const last = plusDays(plusMonths(start, months), days - 1);
      const worked = workingDaysUntil(start, last);
      if (worked * perDay >= total) break;
      found.push({ name, last: write(last), days: worked, visits: worked * perDay });
    }
    const worked = Math.ceil(total / perDay);
    const last = write(workingDay(start, worked - 1));
    found.push({ name: data.all, last, days: worked, visits: total });
    return found;
  }

  // Counts of the first visits: in all, to NOT ASSESSED, to CONFIRMED; of the city and by district.
  function count(visits) {
    const city = [0, 0, 0];
    const districts = data.districts.map(() => [0, 0, 0]);
    for (let visit = 0; visit < visits; visit += 1) {
      const own = districts[data.district[visit]];
      const kind = data.kind[visit];
      city[0] += 1;
      own[0] += 1;
      if (kind) {
        city[kind] += 1;
        own[kind] += 1;
      }
    }
    return { city, districts };
  }

  const whole = (hundredths) => Math.floor((hundredths + 50) / 100);
  const commas = (text) => text.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const number = (value) => commas(String(value));

  function tenth(hundredths) {
    const tenths = Math.floor((hundredths + 5) / 10);
    return `${number(Math.floor(tenths / 10))}.${tenths % 10}`;
  }

  function cells(course, counts) {
    const visits = counts[0];
    return {
      visits: number(visits),
      expected: tenth(course.expected[visits]),
      interval: `${number(course.low[visits])} to ${number(course.high[visits])}`,
      apart: [number(counts[1]), number(counts[2])],
    };
  }

  function bordersSentence(visits, counts) {
    const pooled = whole(data.cityBest[visits]);
    const within = whole(data.best.reduce((sum, best, place) => sum + best[counts.districts[place][0]], 0));
    const more = pooled > within ? `${number(pooled - within)} more` : "no more";
    return (
      `Pooling the districts finds ${more} in the first month: ${number(visits)} visits to the ` +
      `highest scores find ${number(pooled)} anywhere in the city, and ${number(within)} where ` +
      "each district keeps its share."
    );
  }

  function fill(table, rows) {
    const body = table.tBodies[0];
    body.replaceChildren();
    for (const row of rows) {
      const line = body.insertRow();
      row.forEach((text, place) => {
        const cell = place ? line.insertCell() : line.appendChild(document.createElement("th"));
        if (!place) cell.scope = "row";
        if (text.found) cell.className = "found";
        cell.textContent = text.found || text;
      });
    }
  }

  const NAMES = { [data.all]: "all visited" };

  function show() {
    const crews = Number(at("crews").value);
    const each = Number(at("per-day").value);
    const start = plusDays(read(data.start), Number(at("wait").value));
    const first = write(workingDay(start, 0));
    at("crews-now").textContent = number(crews);
    at("per-day-now").textContent = number(each);
    at("wait-now").textContent = first;
    at("wait").setAttribute("aria-valuetext", first);

    const stones = milestones(start, crews * each);
    fill(at("days"), stones.map((stone) => {
      const row = cells(data.city, count(stone.visits).city);
      const name = NAMES[stone.name] || stone.name;
      return [name, { found: row.expected }, row.interval, row.visits, stone.last, number(stone.days), ...row.apart];
    }));

    const monthEnd = plusDays(plusMonths(start, 1), -1);
    const visits = Math.min(workingDaysUntil(start, monthEnd) * crews * each, total);
    const counts = count(visits);
    fill(at("districts"), data.districts.map((name, place) => {
      const row = cells(data.byDistrict[place], counts.districts[place]);
      return [name, { found: row.expected }, row.interval, row.visits, ...row.apart];
    }));
    at("borders").textContent = bordersSentence(visits, counts);

    const month = cells(data.city, counts.city);
    const strong = document.createElement("strong");
    strong.textContent = `${month.expected} failing roofs in the first month`;
    const who = crews === 1 ? "crew" : "crews";
    const what = each === 1 ? "visit" : "visits";
    at("answer").replaceChildren(
      strong,
      document.createElement("br"),
      `${number(crews)} ${who}, ${number(each)} ${what} a day each, from ${first}: ` +
        `${month.visits} visits until ${write(monthEnd)}, and ${month.interval} finds 9 times in 10.`,
    );
    draw(visits, stones);
  }

  // The curve. Its scale is that of what is expected; an interval that is higher is cut off.
  const WIDEST = 900;
  const NARROWEST = 320;
  const HEIGHT = 380;
  const LEFT = 60;
  const BOTTOM = 52;
  const TOP = 14;
  const RIGHT = 16;

  function step(most, parts) {
    const rough = Math.max(most / parts, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough);
  }

  function draw(visits, stones) {
    const width = Math.min(WIDEST, Math.max(NARROWEST, at("chart").clientWidth));
    const most = 1.25 * Math.max(data.city.expected[total], data.cityBest[total], 100) / 100;
    const x = (count) => LEFT + (count / total) * (width - LEFT - RIGHT);
    const y = (finds) => HEIGHT - BOTTOM - (Math.min(finds, most) / most) * (HEIGHT - BOTTOM - TOP);
    const every = Math.max(1, Math.ceil(total / 300));
    const places = [];
    for (let place = 0; place < total; place += every) places.push(place);
    places.push(total);

    const line = (value) => "M" + places.map((place) => `${x(place).toFixed(1)} ${y(value(place)).toFixed(1)}`).join("L");
    const back = [...places].reverse().map((place) => `${x(place).toFixed(1)} ${y(data.city.low[place]).toFixed(1)}`);
    const band = `${line((place) => data.city.high[place])}L${back.join("L")}Z`;
    const own = line((place) => data.city.expected[place] / 100);
    const best = line((place) => data.cityBest[place] / 100);
    const random = line((place) => (data.city.expected[total] / 100) * (place / total));

    let lines = "";
    const up = step(most, 5);
    for (let finds = 0; finds <= most; finds += up) {
      lines += `<path class="grid" d="M${LEFT} ${y(finds)}H${width - RIGHT}"/>`;
      lines += `<text x="${LEFT - 8}" y="${y(finds) + 5}" text-anchor="end">${number(finds)}</text>`;
    }
    const along = step(total, width / 130);
    for (let count = 0; count <= total; count += along) {
      lines += `<text x="${x(count)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${number(count)}</text>`;
    }
    const found = data.city.expected[visits] / 100;
    const words = `visits (circle: the first month, ${tenth(data.city.expected[visits])} finds)`;
    const name = `Visits against finds. ${stones.map((stone) => `${NAMES[stone.name] || stone.name}: ${number(stone.visits)} visits, ${tenth(data.city.expected[stone.visits])} finds`).join("; ")}.`;
    at("chart").innerHTML =
      `<svg viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${name}">${lines}` +
      `<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${width - RIGHT}"/>` +
      `<path class="interval" d="${band}"/><path class="random" d="${random}"/>` +
      `<path class="best" d="${best}"/><path class="own" d="${own}"/>` +
      `<circle class="mark" cx="${x(visits)}" cy="${y(found)}" r="7"/>` +
      `<text x="${LEFT}" y="${HEIGHT - 8}">${words}</text></svg>`;
    const isCut = data.city.high[total] > most;
    at("clipped").textContent = isCut ? "The interval goes on above the picture; the table has its ends." : "";
  }

  for (const id of ["crews", "per-day", "wait"]) at(id).addEventListener("input", show);
  window.addEventListener("resize", show);
  show();
})();
