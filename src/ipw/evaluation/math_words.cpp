// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/math_words.h"

#include <algorithm>
#include <array>

namespace ipw::evaluation::math {
namespace {

using As = Meaning::As;

constexpr std::array kCommands = {
    Meaning{"Big", As::Nothing, ""},
    Meaning{"Bigg", As::Nothing, ""},
    Meaning{"Biggl", As::Nothing, ""},
    Meaning{"Biggr", As::Nothing, ""},
    Meaning{"Bigl", As::Nothing, ""},
    Meaning{"Bigr", As::Nothing, ""},
    Meaning{"Delta", As::Letter, "delta"},
    Meaning{"Gamma", As::Letter, "gamma"},
    Meaning{"Lambda", As::Letter, "lambda"},
    Meaning{"Omega", As::Letter, "omega"},
    Meaning{"Phi", As::Letter, "phi"},
    Meaning{"Psi", As::Letter, "psi"},
    Meaning{"Sigma", As::Letter, "sigma"},
    Meaning{"Theta", As::Letter, "theta"},
    Meaning{"Upsilon", As::Letter, "upsilon"},
    Meaning{"Xi", As::Letter, "xi"},
    Meaning{"alpha", As::Letter, "alpha"},
    Meaning{"approx", As::Sign, "a"},
    Meaning{"ast", As::Sign, "*"},
    Meaning{"backslash", As::Command, "setminus"},
    Meaning{"bar", As::Accent, "bar"},
    Meaning{"beta", As::Letter, "beta"},
    Meaning{"bf", As::Nothing, ""},
    Meaning{"big", As::Nothing, ""},
    Meaning{"bigg", As::Nothing, ""},
    Meaning{"biggl", As::Nothing, ""},
    Meaning{"biggr", As::Nothing, ""},
    Meaning{"bigl", As::Nothing, ""},
    Meaning{"bigr", As::Nothing, ""},
    Meaning{"binom", As::Command, "binom"},
    Meaning{"bm", As::Words, ""},
    Meaning{"boldsymbol", As::Words, ""},
    Meaning{"boxed", As::Nothing, ""},
    Meaning{"cdot", As::Sign, "*"},
    Meaning{"cdots", As::Command, "ldots"},
    Meaning{"cfrac", As::Command, "frac"},
    Meaning{"chi", As::Letter, "chi"},
    Meaning{"circ", As::Degree, ""},
    Meaning{"colon", As::Sign, "/"},
    Meaning{"cong", As::Sign, "a"},
    Meaning{"dbinom", As::Command, "binom"},
    Meaning{"degree", As::Degree, ""},
    Meaning{"delta", As::Letter, "delta"},
    Meaning{"dfrac", As::Command, "frac"},
    Meaning{"displaystyle", As::Nothing, ""},
    Meaning{"div", As::Sign, "/"},
    Meaning{"dot", As::Accent, "dot"},
    Meaning{"dots", As::Command, "ldots"},
    Meaning{"ell", As::Letter, "l"},
    Meaning{"emptyset", As::Command, "emptyset"},
    Meaning{"epsilon", As::Letter, "epsilon"},
    Meaning{"equiv", As::Sign, "="},
    Meaning{"eta", As::Letter, "eta"},
    Meaning{"fbox", As::Nothing, ""},
    Meaning{"frac", As::Command, "frac"},
    Meaning{"gamma", As::Letter, "gamma"},
    Meaning{"ge", As::Sign, "g"},
    Meaning{"geq", As::Sign, "g"},
    Meaning{"geqq", As::Sign, "g"},
    Meaning{"geqslant", As::Sign, "g"},
    Meaning{"gt", As::Sign, ">"},
    Meaning{"hat", As::Accent, "hat"},
    Meaning{"hspace", As::Nothing, ""},
    Meaning{"imath", As::Letter, "i"},
    Meaning{"in", As::Sign, "e"},
    Meaning{"infty", As::Command, "infty"},
    Meaning{"iota", As::Letter, "iota"},
    Meaning{"it", As::Nothing, ""},
    Meaning{"kappa", As::Letter, "kappa"},
    Meaning{"lambda", As::Letter, "lambda"},
    Meaning{"langle", As::Sign, "("},
    Meaning{"lbrace", As::Sign, "S"},
    Meaning{"lbrack", As::Sign, "["},
    Meaning{"lceil", As::Command, "lceil"},
    Meaning{"ldots", As::Command, "ldots"},
    Meaning{"le", As::Sign, "l"},
    Meaning{"left", As::Nothing, ""},
    Meaning{"leq", As::Sign, "l"},
    Meaning{"leqq", As::Sign, "l"},
    Meaning{"leqslant", As::Sign, "l"},
    Meaning{"lgroup", As::Sign, "("},
    Meaning{"limits", As::Nothing, ""},
    Meaning{"lt", As::Sign, "<"},
    Meaning{"lvert", As::Sign, "|"},
    Meaning{"mathbf", As::Words, ""},
    Meaning{"mathcal", As::Words, ""},
    Meaning{"mathfrak", As::Words, ""},
    Meaning{"mathit", As::Words, ""},
    Meaning{"mathop", As::Nothing, ""},
    Meaning{"mathord", As::Nothing, ""},
    Meaning{"mathrm", As::Words, ""},
    Meaning{"mathsf", As::Words, ""},
    Meaning{"mbox", As::Words, ""},
    Meaning{"mid", As::Sign, "|"},
    Meaning{"mleft", As::Nothing, ""},
    Meaning{"mp", As::Sign, "~"},
    Meaning{"mright", As::Nothing, ""},
    Meaning{"mu", As::Letter, "mu"},
    Meaning{"ne", As::Sign, "!"},
    Meaning{"neq", As::Sign, "!"},
    Meaning{"nolimits", As::Nothing, ""},
    Meaning{"nu", As::Letter, "nu"},
    Meaning{"omega", As::Letter, "omega"},
    Meaning{"omicron", As::Letter, "omicron"},
    Meaning{"operatorname", As::Words, ""},
    Meaning{"overline", As::Accent, "bar"},
    Meaning{"overrightarrow", As::Accent, "vec"},
    Meaning{"phantom", As::Nothing, ""},
    Meaning{"phi", As::Letter, "phi"},
    Meaning{"pm", As::Sign, "~"},
    Meaning{"prime", As::Degree, ""},
    Meaning{"psi", As::Letter, "psi"},
    Meaning{"qquad", As::Nothing, ""},
    Meaning{"quad", As::Nothing, ""},
    Meaning{"rangle", As::Sign, ")"},
    Meaning{"rbrace", As::Sign, "E"},
    Meaning{"rbrack", As::Sign, "]"},
    Meaning{"rgroup", As::Sign, ")"},
    Meaning{"rho", As::Letter, "rho"},
    Meaning{"right", As::Nothing, ""},
    Meaning{"rm", As::Nothing, ""},
    Meaning{"rvert", As::Sign, "|"},
    Meaning{"setminus", As::Command, "setminus"},
    Meaning{"sigma", As::Letter, "sigma"},
    Meaning{"sim", As::Sign, "a"},
    Meaning{"simeq", As::Sign, "a"},
    Meaning{"smallsetminus", As::Command, "setminus"},
    Meaning{"tau", As::Letter, "tau"},
    Meaning{"tbinom", As::Command, "binom"},
    Meaning{"text", As::Words, ""},
    Meaning{"textbf", As::Words, ""},
    Meaning{"textit", As::Words, ""},
    Meaning{"textnormal", As::Words, ""},
    Meaning{"textrm", As::Words, ""},
    Meaning{"textsf", As::Words, ""},
    Meaning{"textstyle", As::Nothing, ""},
    Meaning{"texttt", As::Words, ""},
    Meaning{"tfrac", As::Command, "frac"},
    Meaning{"theta", As::Letter, "theta"},
    Meaning{"tilde", As::Accent, "tilde"},
    Meaning{"times", As::Sign, "*"},
    Meaning{"underline", As::Accent, "underline"},
    Meaning{"upsilon", As::Letter, "upsilon"},
    Meaning{"varepsilon", As::Letter, "varepsilon"},
    Meaning{"varnothing", As::Command, "emptyset"},
    Meaning{"varphi", As::Letter, "varphi"},
    Meaning{"varrho", As::Letter, "varrho"},
    Meaning{"varsigma", As::Letter, "varsigma"},
    Meaning{"vartheta", As::Letter, "vartheta"},
    Meaning{"vec", As::Accent, "vec"},
    Meaning{"vert", As::Sign, "|"},
    Meaning{"widehat", As::Accent, "hat"},
    Meaning{"widetilde", As::Accent, "tilde"},
    Meaning{"xi", As::Letter, "xi"},
    Meaning{"zeta", As::Letter, "zeta"},
};

constexpr std::array kPlainWords = {
    Meaning{"and", As::Sign, ","},
    Meaning{"arccos", As::Command, "arccos"},
    Meaning{"arcsin", As::Command, "arcsin"},
    Meaning{"arctan", As::Command, "arctan"},
    Meaning{"cos", As::Command, "cos"},
    Meaning{"cosh", As::Command, "cosh"},
    Meaning{"cot", As::Command, "cot"},
    Meaning{"csc", As::Command, "csc"},
    Meaning{"exp", As::Command, "exp"},
    Meaning{"inf", As::Command, "infty"},
    Meaning{"infinity", As::Command, "infty"},
    Meaning{"ln", As::Command, "ln"},
    Meaning{"log", As::Command, "log"},
    Meaning{"or", As::Sign, ","},
    Meaning{"pct", As::Sign, "%"},
    Meaning{"percent", As::Sign, "%"},
    Meaning{"percentage", As::Sign, "%"},
    Meaning{"pi", As::Command, "pi"},
    Meaning{"sec", As::Command, "sec"},
    Meaning{"sin", As::Command, "sin"},
    Meaning{"sinh", As::Command, "sinh"},
    Meaning{"sqrt", As::Command, "sqrt"},
    Meaning{"tan", As::Command, "tan"},
    Meaning{"tanh", As::Command, "tanh"},
    Meaning{"theta", As::Letter, "theta"},
    Meaning{"union", As::Command, "cup"},
};

using Character = std::pair<std::string_view, std::string_view>;
constexpr std::array kCharacters = {
    Character{"−", "-"},
    Character{"–", "-"},
    Character{"—", "-"},
    Character{"×", "*"},
    Character{"·", "*"},
    Character{"⋅", "*"},
    Character{"∙", "*"},
    Character{"÷", "/"},
    Character{"≤", "\\le "},
    Character{"≥", "\\ge "},
    Character{"≠", "\\ne "},
    Character{"≈", "\\approx "},
    Character{"∈", "\\in "},
    Character{"∪", "\\cup "},
    Character{"∩", "\\cap "},
    Character{"∞", "\\infty "},
    Character{"π", "\\pi "},
    Character{"√", "\\sqrt "},
    Character{"°", "\\circ "},
    Character{"±", "\\pm "},
    Character{"²", "^2"},
    Character{"³", "^3"},
    Character{"⁴", "^4"},
    Character{"½", "\\frac12 "},
    Character{"α", "\\alpha "},
    Character{"β", "\\beta "},
    Character{"γ", "\\gamma "},
    Character{"θ", "\\theta "},
    Character{"λ", "\\lambda "},
    Character{"μ", "\\mu "},
    Character{"φ", "\\phi "},
    Character{"ω", "\\omega "},
    Character{"∅", "\\emptyset "},
    Character{"ℝ", "\\mathbb{R}"},
    Character{"ℤ", "\\mathbb{Z}"},
    Character{"⟨", "("},
    Character{"⟩", ")"},
    Character{"\u00a0", " "},
    Character{"₹", ""},
    Character{"€", ""},
    Character{"£", ""},
    Character{"¥", ""},
};

constexpr std::array<std::string_view, 101> kUnits = {
    "acre",       "ampere",    "apple",    "book",   "box",     "c",      "cc",      "cent",  "centimeter",
    "centimetre", "child",     "children", "clock",  "cm",      "coin",   "cube",    "cubic", "cup",
    "d",          "day",       "deg",      "degree", "digit",   "dm",     "dollar",  "edge",  "feet",
    "foot",       "ft",        "g",        "gal",    "gallon",  "gm",     "gram",    "h",     "hectare",
    "hour",       "hr",        "hz",       "inch",   "integer", "joule",  "kelvin",  "kg",    "kilogram",
    "kilometer",  "kilometre", "km",       "kmh",    "kmph",    "l",      "lb",      "liter", "litre",
    "m",          "man",       "marble",   "men",    "meter",   "metre",  "mile",    "min",   "minute",
    "mm",         "mol",       "month",    "mph",    "mtr",     "newton", "number",  "ohm",   "ounce",
    "oz",         "page",      "pascal",   "people", "person",  "point",  "pound",   "rad",   "radian",
    "rupee",      "s",         "sec",      "second", "sq",      "square", "student", "t",     "ticket",
    "tile",       "unit",      "volt",     "watt",   "way",     "week",   "woman",   "women", "yard",
    "year",       "yr"};

static_assert(std::ranges::is_sorted(kCommands, {}, &Meaning::name));
static_assert(std::ranges::is_sorted(kPlainWords, {}, &Meaning::name));
static_assert(std::ranges::is_sorted(kUnits));

bool listed(std::string_view word) {
  return std::ranges::binary_search(kUnits, word);
}

}  // namespace

std::span<const Meaning> commands() {
  return kCommands;
}

std::span<const Meaning> plain_words() {
  return kPlainWords;
}

const Meaning* find_meaning(std::string_view name, std::span<const Meaning> among) {
  const auto it = std::ranges::lower_bound(among, name, {}, &Meaning::name);
  return it != among.end() && it->name == name ? &*it : nullptr;
}

std::span<const std::pair<std::string_view, std::string_view>> characters() {
  return kCharacters;
}

bool is_unit(std::string_view word) {
  if (listed(word)) return true;
  if (word.size() > 3 && word.ends_with("es") && listed(word.substr(0, word.size() - 2))) return true;
  return word.size() > 2 && word.ends_with('s') && listed(word.substr(0, word.size() - 1));
}

}  // namespace ipw::evaluation::math
