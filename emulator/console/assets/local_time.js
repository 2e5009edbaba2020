// A time in the reader's own zone; the same in UTC where a pointer or the keyboard asks for it.
export default {
  template: '<time :datetime="moment" :title="utc">{{ text }}</time>',
  props: { moment: String },
  computed: {
    text() {
      return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(this.moment));
    },
    utc() {
      return new Date(this.moment).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
    },
  },
};
