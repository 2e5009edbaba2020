// The list of runs. A row that stays in the list keeps its element, and with it the keyboard's place.
// The roles are said again, since the cards of a narrow screen are no table to a browser.
import { durationText, localText, utcText } from "console-times";

export default {
  template: `
    <table class="grid stacking" role="table" aria-label="Runs">
      <thead role="rowgroup"><tr role="row">
        <th scope="col" role="columnheader"><span class="unseen">Select</span></th>
        <th v-for="column in columns" :key="column.key" scope="col" role="columnheader" :class="{ number: column.number }"
            :aria-sort="column.key === sort ? (descending ? 'descending' : 'ascending') : null">
          <button type="button" class="sort" @click="$emit('sort', column.key)">{{ column.title }}<span
            aria-hidden="true">{{ column.key === sort ? (descending ? ' ▾' : ' ▴') : '' }}</span></button>
        </th>
        <th scope="col" role="columnheader">Labels</th>
      </tr></thead>
      <tbody role="rowgroup">
        <tr v-for="run in rows" :key="run.name" role="row">
          <td role="cell" class="pick"><input type="checkbox" class="check" :aria-label="'Select ' + run.title"
            :checked="run.chosen" @change="$emit('choose', run.name, $event.target.checked)"></td>
          <td role="cell" class="badge"><span class="state" :class="run.tone"><span class="mark" aria-hidden="true">{{
            run.mark }}</span><span>{{ run.word }}</span></span></td>
          <th scope="row" role="rowheader" class="main-cell"><a :href="run.address">{{ run.title }}</a><div
            v-if="run.id !== run.title" class="soft small">{{ run.id }}</div></th>
          <td role="cell" data-label="Pipeline">{{ run.pipeline }}</td>
          <td role="cell" data-label="Started" class="when"><time v-if="run.shown" :datetime="run.shown"
            :title="utcText(run.shown)">{{ localText(run.shown) }}</time></td>
          <td role="cell" data-label="Duration" class="number">{{ taken(run) }}</td>
          <td role="cell" data-label="Accuracy" class="number">{{ run.accuracy }}</td>
          <td role="cell" class="labels"><div v-if="run.labels.length" class="chips"><span v-for="[key, value, whole] in run.labels"
            :key="key" class="chip" :title="whole"><b>{{ key }} </b>{{ value }}</span><span v-if="run.more"
            class="chip" :title="run.more" :aria-label="'and ' + run.more">+{{ run.moreCount }}</span></div></td>
        </tr>
      </tbody>
    </table>`,
  props: { rows: Array, columns: Array, sort: String, descending: Boolean },
  emits: ["sort", "choose"],
  data: () => ({ now: Date.now() }),
  mounted() {
    this.clock = setInterval(() => {
      if (this.rows.some((run) => run.since)) this.now = Date.now();
    }, 1000);
  },
  unmounted() {
    clearInterval(this.clock);
  },
  methods: {
    localText,
    utcText,
    taken(run) {
      return run.since ? durationText((this.now - new Date(run.since)) / 1000) : run.duration;
    },
  },
};
