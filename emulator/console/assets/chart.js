// An ECharts chart in the page's own colours, in light and dark. Unlike NiceGUI's own, it runs nothing that stands in
// the options: they may hold names that somebody else chose.
import { echarts } from "nicegui-echart";

function inColours(value, style) {
  if (typeof value === "string" && value.startsWith("--")) return style.getPropertyValue(value).trim();
  if (Array.isArray(value)) return value.map((item) => inColours(item, style));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inColours(item, style)]));
  }
  return value;
}

export default {
  template: '<div class="chart" role="img"></div>',
  props: { options: Object },
  mounted() {
    this.chart = echarts.init(this.$el, null, { renderer: "svg" });
    this.sizes = new ResizeObserver(() => this.chart.resize());
    this.sizes.observe(this.$el);
    this.themes = new MutationObserver(this.draw);
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.draw();
  },
  watch: {
    options() {
      this.draw();
    },
  },
  beforeUnmount() {
    this.sizes.disconnect();
    this.themes.disconnect();
    this.chart.dispose();
  },
  methods: {
    draw() {
      this.chart.setOption(inColours(this.options, getComputedStyle(document.body)), { notMerge: true });
    },
  },
};
