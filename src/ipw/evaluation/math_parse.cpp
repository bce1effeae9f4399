// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/math_parse.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "ipw/evaluation/math_value.h"

namespace ipw::evaluation::math {
namespace {

constexpr int kDeepest = 60;
constexpr std::array<std::string_view, 28> kFunctions = {
    "arccos", "arccot", "arccsc", "arcsec", "arcsin", "arctan", "cos", "cosh", "cot", "coth",
    "csc",    "csch",   "deg",    "det",    "exp",    "gcd",    "lcm", "lg",   "ln",  "log",
    "max",    "min",    "sec",    "sech",   "sin",    "sinh",   "tan", "tanh"};
constexpr std::string_view kRelations = {"=<>lg!ea"};

/// Thrown inside of this file only, where no reading is left.
struct NoReading {};

class Parser {
 public:
  explicit Parser(std::span<const Token> tokens) : tokens_(tokens.begin(), tokens.end()) {}

  Expression answer() {
    auto out = list();
    if (at_ != tokens_.size()) throw NoReading();
    return out;
  }

 private:
  struct Deeper {
    explicit Deeper(int& level) : depth(level) {
      if (++depth > kDeepest) {
        --depth;
        throw NoReading();
      }
    }
    ~Deeper() { --depth; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    int& depth;
  };

  // What stands at the front.
  const Token* front(std::size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr;
  }
  bool is(char c, std::size_t ahead = 0) const {
    const auto* t = front(ahead);
    return t != nullptr && t->kind == TokenKind::Sign && t->text[0] == c;
  }
  bool is(TokenKind kind, std::size_t ahead = 0) const {
    const auto* t = front(ahead);
    return t != nullptr && t->kind == kind;
  }
  bool is_command(std::string_view name) const { return is(TokenKind::Command) && front()->text == name; }
  bool take(char c) {
    const bool there = is(c);
    at_ += there ? 1 : 0;
    return there;
  }
  bool take_command(std::string_view name) {
    const bool there = is_command(name);
    at_ += there ? 1 : 0;
    return there;
  }
  void expect(char c) {
    if (!take(c)) throw NoReading();
  }

  // Lists and relations.
  Expression list() {
    std::vector<Expression> items;
    do {
      while (is(',') || is(';')) ++at_;
      item(items);
    } while (is(',') || is(';'));
    return items.size() == 1 ? std::move(items[0]) : make(Kind::Sequence, std::move(items));
  }

  void item(std::vector<Expression>& items) {
    if (take_command("ldots")) return;
    auto e = relation();
    if (e.kind == Kind::Sequence && e.name == "pm")
      std::ranges::move(e.args, std::back_inserter(items));
    else
      items.push_back(std::move(e));
  }

  Expression relation() {
    const Deeper deeper(depth_);
    take(sign::kAbout);
    std::vector<Expression> sides{set_term()};
    std::string signs;
    while (is(TokenKind::Sign) && kRelations.find(front()->text[0]) != kRelations.npos) {
      signs += is(sign::kElement) ? '=' : front()->text[0];  // x in S says what x = S says
      ++at_;
      sides.push_back(set_term());
    }
    if (signs.empty()) return std::move(sides[0]);
    // "x = 1.41 about" keeps what stands before the approximation.
    if (const auto about = signs.find(sign::kAbout); about != signs.npos) {
      sides.resize(about + 1);
      signs.resize(about);
      if (about == 0) return std::move(sides[0]);
    }
    return make(Kind::Relation, std::move(sides), std::move(signs));
  }

  Expression set_term() {
    auto left = sum();
    for (;;) {
      Kind kind = Kind::Union;
      if (take_command("cap"))
        kind = Kind::Intersection;
      else if (take_command("setminus"))
        kind = Kind::Difference;
      else if (!take_command("cup"))
        return left;
      left = make(kind, {std::move(left), sum()});
    }
  }

  /// a \pm b is a pair, "pm" in the name of the sequence.
  Expression sum() {
    const Deeper deeper(depth_);
    if (take(sign::kPlusMinus)) {
      auto e = product();
      return make(Kind::Sequence, {make(Kind::Negative, {e}), e}, "pm");
    }
    std::vector<Expression> terms{product()};
    for (;;) {
      if (take('+')) {
        terms.push_back(product());
      } else if (take('-')) {
        terms.push_back(make(Kind::Negative, {product()}));
      } else if (take(sign::kPlusMinus)) {
        auto other = sum();
        auto one = terms, two = std::move(terms);
        one.push_back(other);
        two.push_back(make(Kind::Negative, {std::move(other)}));
        return make(Kind::Sequence, {make(Kind::Sum, std::move(one)), make(Kind::Sum, std::move(two))}, "pm");
      } else {
        return terms.size() == 1 ? std::move(terms[0]) : make(Kind::Sum, std::move(terms));
      }
    }
  }

  Expression product() {
    auto left = factor();
    for (;;) {
      if (take('*'))
        left = make(Kind::Product, {std::move(left), factor()});
      else if (take('/'))
        left = make(Kind::Quotient, {std::move(left), factor()});
      else
        return left;
    }
  }

  Expression factor() {
    const Deeper deeper(depth_);
    if (take('+')) return factor();
    if (take('-')) return make(Kind::Negative, {factor()});
    return implicit_product(true);
  }

  bool starts_primary(bool functions) const {
    const auto* t = front();
    if (t == nullptr) return false;
    if (t->kind == TokenKind::Command)
      return t->text != "cup" && t->text != "cap" && t->text != "setminus" && t->text != "rfloor" &&
             t->text != "rceil" && t->text != "ldots" && !t->text.starts_with("end") &&
             (functions || !is_function(t->text));
    if (t->kind != TokenKind::Sign) return true;
    return t->text[0] == '(' || t->text[0] == '[' || t->text[0] == '{' || t->text[0] == sign::kOpenBrace ||
           (t->text[0] == '|' && bars_ == 0);
  }

  static bool is_function(std::string_view name) { return std::ranges::binary_search(kFunctions, name); }

  /// Factors side by side. A whole number before a positive fraction is a mixed number.
  Expression implicit_product(bool functions) {
    auto left = postfix();
    const bool whole = left.kind == Kind::Number && !left.decimal;
    if (whole && is_command("frac") && at_ > 0) {
      auto right = postfix();
      const bool mixed = right.kind == Kind::Quotient && right.args[0].kind == Kind::Number &&
                         right.args[1].kind == Kind::Number && !starts_primary(functions);
      left = make(mixed ? Kind::Sum : Kind::Product, {std::move(left), std::move(right)});
    }
    while (starts_primary(functions)) left = make(Kind::Product, {std::move(left), postfix()});
    return left;
  }

  Expression postfix() {
    auto e = power();
    for (;;) {
      if (take(sign::kFactorial))
        e = make(Kind::Call, {std::move(e)}, "factorial");
      else if (take('%'))
        e = make(Kind::Percent, {std::move(e)});
      else
        return e;
    }
  }

  Expression power() {
    auto base = primary();
    while (take('^')) base = make(Kind::Power, {std::move(base), exponent()});
    return base;
  }

  Expression exponent() {
    if (take('-')) return make(Kind::Negative, {primary()});
    return primary();
  }

  // The smallest pieces.
  Expression primary() {
    const Deeper deeper(depth_);
    const auto* t = front();
    if (t == nullptr) throw NoReading();
    switch (t->kind) {
      case TokenKind::Number:
        return number();
      case TokenKind::Letter:
        return letter();
      case TokenKind::Words:
        return letter();
      case TokenKind::Command:
        return command();
      case TokenKind::Sign:
        return bracketed();
    }
    throw NoReading();
  }

  Expression number() {
    const auto& text = tokens_[at_++].text;
    Expression e = make(Kind::Number, {}, subscript());
    e.value = number_value(text);
    e.decimal = text.find_first_of(".eE") != text.npos;
    return e;
  }

  /// The raw text of "_n" or "_{n+1}", or nothing.
  std::string subscript() {
    if (!take('_')) return {};
    std::string out;
    if (!is('{')) {
      if (front() == nullptr) throw NoReading();
      return tokens_[at_++].text;
    }
    int depth = 0;
    do {
      if (front() == nullptr) throw NoReading();
      depth += is('{') ? 1 : is('}') ? -1 : 0;
      if (!is('{') && !is('}')) out += front()->text;
      ++at_;
    } while (depth > 0);
    return out;
  }

  Expression letter() {
    const auto name = tokens_[at_++].text;
    const auto index = subscript();
    if (index.empty() && name == "i") return make(Kind::Imaginary);
    if (index.empty() && name == "e") return make(Kind::Euler);
    const auto full = index.empty() ? name : name + "_" + index;
    if (is('(')) {
      if (auto args = function_arguments()) return make(Kind::Call, std::move(*args), full);
    }
    return make(Kind::Symbol, {}, full);
  }

  /// "(x)" and "(2, y)" after a letter are arguments; anything longer is a factor.
  std::optional<std::vector<Expression>> function_arguments() {
    std::size_t i = 1;
    std::vector<Expression> out;
    for (;; i += 2) {
      if (!is(TokenKind::Letter, i) && !is(TokenKind::Number, i)) return std::nullopt;
      auto& argument = out.emplace_back(make(Kind::Symbol, {}, front(i)->text));
      if (is(TokenKind::Number, i)) {
        argument.kind = Kind::Number;
        argument.value = number_value(front(i)->text);
      }
      if (is(')', i + 1)) break;
      if (!is(',', i + 1)) return std::nullopt;
    }
    at_ += i + 2;
    return out;
  }

  Expression bracketed() {
    if (take('|')) return bars();
    if (take('{')) {
      auto e = within([&] { return list(); });
      expect('}');
      return e;
    }
    if (take(sign::kOpenBrace)) {
      if (take(sign::kCloseBrace)) return make(Kind::NamedSet);
      const bool builder = is(TokenKind::Letter) && is('|', 1);
      if (builder) at_ += 2;  // {x | x > 0} says what x > 0 says
      auto e = within([&] { return list(); });
      expect(sign::kCloseBrace);
      if (builder) return e;
      return braced(std::move(e));
    }
    if (is('(') || is('[')) return round_or_square();
    throw NoReading();
  }

  /// A list in braces is a set, a set in braces a set of a set: the name "{}" tells them apart.
  static Expression braced(Expression e) {
    if (e.kind != Kind::Sequence || !e.name.empty()) return make(Kind::Sequence, {std::move(e)}, "{}");
    e.name = "{}";
    return e;
  }

  /// Inside of brackets "|" may open an absolute value again.
  template <class F>
  Expression within(F&& f) {
    const int bars = std::exchange(bars_, 0);
    auto e = f();
    bars_ = bars;
    return e;
  }

  Expression bars() {
    ++bars_;
    auto e = sum();
    --bars_;
    expect('|');
    return make(Kind::Call, {std::move(e)}, "abs");
  }

  Expression round_or_square() {
    std::string ends = tokens_[at_++].text;
    auto inside = within([&] { return list(); });
    if (!is(')') && !is(']')) throw NoReading();
    ends += tokens_[at_++].text;
    const bool is_list = inside.kind == Kind::Sequence && inside.name.empty();
    if (is_list && inside.args.size() == 2) return make(Kind::Interval, std::move(inside.args), ends);
    if (ends != "()" && ends != "[]") throw NoReading();
    return is_list ? make(Kind::Tuple, std::move(inside.args)) : std::move(inside);
  }

  Expression command() {
    const auto name = tokens_[at_++].text;
    if (name == "frac") return fraction();
    if (name == "sqrt") return root();
    if (name == "binom") {
      auto n = argument();
      return make(Kind::Call, {std::move(n), argument()}, "binomial");
    }
    if (name == "pi") return make(Kind::Pi);
    if (name == "infty") return make(Kind::Infinity);
    if (name == "emptyset") return make(Kind::NamedSet);
    if (name.starts_with("mathbb")) return named_set(name.substr(6));
    if (name == "lfloor" || name == "lceil") return rounding(name.substr(1));
    if (name.starts_with("begin")) return matrix(name.substr(5));
    if (is_function(name)) return function(name);
    throw NoReading();
  }

  static Expression named_set(const std::string& name) {
    if (name.size() != 1 || std::string_view("NZQRC").find(name[0]) == std::string_view::npos)
      throw NoReading();
    return make(Kind::NamedSet, {}, name);
  }

  /// What follows; of digits that stand together, as in "\frac12", only the first.
  Expression argument() {
    if (!is(TokenKind::Number) || front()->text.size() == 1) return primary();
    auto& digits = tokens_[at_].text;
    Expression e = make(Kind::Number);
    e.value = number_value(digits.substr(0, 1));
    digits.erase(0, 1);
    return e;
  }

  Expression fraction() {
    auto above = argument();
    return make(Kind::Quotient, {std::move(above), argument()});
  }

  Expression root() {
    Expression degree = make(Kind::Number);
    degree.value = 2;
    if (take('[')) {
      degree = sum();
      expect(']');
    }
    auto e = argument();
    Expression one = make(Kind::Number);
    one.value = 1;
    return make(Kind::Power, {std::move(e), make(Kind::Quotient, {std::move(one), std::move(degree)})});
  }

  Expression rounding(const std::string& name) {
    auto e = within([&] { return sum(); });
    if (!take_command("r" + name)) throw NoReading();
    return make(Kind::Call, {std::move(e)}, name);
  }

  Expression function(std::string name) {
    std::vector<Expression> more;
    if (name == "log" && take('_')) more.push_back(argument());
    std::optional<Expression> raised;
    if (take('^')) raised = exponent();
    auto arguments = function_operand();
    std::ranges::move(more, std::back_inserter(arguments));
    if (raised && is_minus_one(*raised) && name.size() == 3) {
      name = "arc" + name;
      raised.reset();
    }
    auto call = make(Kind::Call, std::move(arguments), name);
    return raised ? make(Kind::Power, {std::move(call), std::move(*raised)}) : call;
  }

  static bool is_minus_one(const Expression& e) {
    return e.kind == Kind::Negative && e.args[0].kind == Kind::Number && e.args[0].value == 1;
  }

  /// "(x)", "(a, b)", or the product that follows, up to the next function or sum.
  std::vector<Expression> function_operand() {
    if (is('(') || is('[')) {
      auto e = round_or_square();
      if (e.kind == Kind::Interval || e.kind == Kind::Tuple) return std::move(e.args);
      return {std::move(e)};
    }
    if (take('-')) return {make(Kind::Negative, {implicit_product(false)})};
    auto e = starts_primary(false) ? implicit_product(false) : postfix();
    for (;;) {
      if (is('*') && !next_is_function()) {
        ++at_;
        e = make(Kind::Product, {std::move(e), implicit_product(false)});
      } else if (is('/') && !next_is_function()) {
        ++at_;
        e = make(Kind::Quotient, {std::move(e), implicit_product(false)});
      } else {
        return {std::move(e)};
      }
    }
  }

  bool next_is_function() const {
    return at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == TokenKind::Command &&
           is_function(tokens_[at_ + 1].text);
  }

  Expression matrix(const std::string& environment) {
    if (environment.find("matrix") == environment.npos && environment != "array") throw NoReading();
    if (environment == "array" && is('{'))
      while (!take('}')) ++at_ == tokens_.size() ? throw NoReading() : void();
    std::vector<Expression> entries;
    std::size_t rows = 0;
    while (!is_command("end" + environment)) {
      ++rows;
      do entries.push_back(within([&] { return sum(); }));
      while (take('&'));
      if (!take(sign::kNewRow) && !is_command("end" + environment)) throw NoReading();
    }
    ++at_;
    if (rows == 0 || entries.size() % rows != 0) throw NoReading();
    return make(Kind::Matrix, std::move(entries), std::to_string(rows));
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0, bars_ = 0;
};

}  // namespace

std::optional<Expression> parse(std::span<const Token> tokens) {
  try {
    return Parser(tokens).answer();
  } catch (const NoReading&) {
    return std::nullopt;
  }
}

}  // namespace ipw::evaluation::math
