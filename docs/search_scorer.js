// Sphinx's scores, but pages of the guide come before examples, benchmarks and questions.
var Scorer = {
  score: ([page, , , , score]) => (/^guide\/(?!faq|index)/.test(page) ? score + 10 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
