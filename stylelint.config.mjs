// Rules for lco/static/css and the demo's sheet. What a formatter would decide is left alone.
export default {
  extends: ["stylelint-config-recommended"],
  rules: {
    "color-named": "never",
    "declaration-block-single-line-max-declarations": 1,
    "declaration-no-important": true,
    "selector-max-id": 0,
    "selector-max-specificity": "0,4,3",
    "selector-pseudo-class-no-unknown": [true, { ignorePseudoClasses: ["target-current"] }],
    "no-descending-specificity": null, // layers and the order of components decide here
  },
};
