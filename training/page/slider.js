const points = JSON.parse(document.getElementById("points").textContent);
const slider = document.getElementById("length");
const marker = document.getElementById("here");
const show = () => {
  const [visits, score, found, missed, alarms, x, y] = points[slider.value];
  const counts = { visits, found, missed, alarms };
  for (const [name, count] of Object.entries(counts)) {
    document.getElementById(`n-${name}`).textContent = count.toLocaleString("en-US");
  }
  document.getElementById("n-score").textContent = visits ? score.toFixed(3) : "none";
  slider.setAttribute("aria-valuetext", `${visits} visits, ${found} open roofs found, ${missed} missed`);
  marker.setAttribute("cx", x);
  marker.setAttribute("cy", y);
};
slider.addEventListener("input", show);
show();
