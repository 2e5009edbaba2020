// A time in the reader's own zone; the same in UTC where a pointer asks for it.
import { localText, utcText } from "console-times";

export default {
  template: '<time :datetime="moment" :title="utcText(moment)">{{ localText(moment) }}</time>',
  props: { moment: String },
  methods: { localText, utcText },
};
