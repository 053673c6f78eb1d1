"use strict";
// Whether this copy is whole. The notice is in the page from the start; it goes once every checksum and every photo is right.

const Copy = (() => {
  const AT_ONCE = 4; // photos that are opened at the same time
  const CHECKING = "COPY NOT YET CHECKED.";
  const notice = document.getElementById("copy");
  const inside = window.ROOFWATCH_FILES; // photos by name, in a page that is one single file
  const checksums = JSON.parse(document.body.dataset.checksums);

  const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
    let bits = byte;
    for (let i = 0; i < 8; i++) bits = bits & 1 ? (bits >>> 1) ^ 0xedb88320 : bits >>> 1;
    return bits;
  });

  // CRC-32 of a value's JSON in UTF-8, as the export takes it.
  function checksum(value) {
    let bits = -1;
    for (const byte of new TextEncoder().encode(JSON.stringify(value))) bits = TABLE[(bits ^ byte) & 255] ^ (bits >>> 8);
    return (bits ^ -1) >>> 0;
  }

  for (const [name, wanted] of Object.entries(checksums)) {
    if (checksum(window[name]) !== wanted) throw new Error(`${name} is missing, cut or changed`);
  }
  document.body.classList.remove("unchecked");

  const url = (name) => (inside ? inside[name] : name);

  function say(strong, more) {
    notice.classList.toggle("checking", strong === CHECKING);
    notice.querySelector("strong").textContent = strong;
    notice.querySelector("span").textContent = more;
  }

  // A photo that is cut opens but cannot be decoded.
  async function isWhole(name) {
    const image = new Image();
    image.src = url(name);
    try {
      await image.decode();
      (await createImageBitmap(image)).close();
      return true;
    } catch {
      return false;
    }
  }

  // Opens every photo in the background; the notice stays if one is not right. The page calls it last: one that is cut
  // does not come so far.
  async function check(names) {
    say(CHECKING, "");
    const bad = [];
    let next = 0, done = 0;
    async function walk() {
      while (next < names.length) {
        const name = names[next++];
        if (!(await isWhole(name))) bad.push(name);
        done++;
        if (bad.length) say("INCOMPLETE COPY: DO NOT USE.", `${bad.length} of ${names.length} photos are missing or cut, such as ${bad[0]}. Copy the whole folder again.`);
        else if (done % 50 === 1) say(CHECKING, `${done} of ${names.length} photos opened.`);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, walk));
    notice.hidden = !bad.length;
    document.body.dataset.copy = bad.length ? "incomplete" : "whole";
  }

  return { url, check };
})();
