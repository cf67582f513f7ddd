#include "coordinator/access/token_book.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "coordinator/access/token_text.h"
#include "wire/sha256.h"

namespace pare::coordinator {
namespace {

constexpr std::size_t kMostHeld = 10'000;  // entries that wait to be written
constexpr std::size_t kLongestPath = 500;

bool has_expired(const Token& token) {
  return token.expires_at && *token.expires_at <= std::chrono::system_clock::now();
}

bool is_again(const NewAuditEntry& before, const NewAuditEntry& entry) {
  return entry.status >= 400 && before.status == entry.status && before.token == entry.token &&
         before.method == entry.method && before.path == entry.path;
}

}  // namespace

TokenBook::TokenBook(AccessStore& store, Options options)
    : store_(store),
      options_(std::move(options)),
      reader_([this](const std::stop_token& stop) { keep_reading(stop); }) {}

TokenBook::~TokenBook() {
  reader_.request_stop();
  reader_.join();
  flush();
}

Result<std::monostate> TokenBook::read() {
  // So that what was read first is never put in the place of what was read later.
  const std::scoped_lock one(reading_);
  const auto tokens = store_.tokens(false);
  if (!tokens) return tokens.error();
  const auto keys = store_.worker_keys();
  if (!keys) return keys.error();
  const std::scoped_lock lock(mutex_);
  worker_of_.clear();
  for (const WorkerKey& key : keys.value()) worker_of_[key.public_key] = key.worker;
  std::map<std::string, Known, std::less<>> next;
  for (const Token& token : tokens.value()) {
    const auto before = by_sha256_.find(token.sha256);
    Known known = before == by_sha256_.end() ? Known{{}, options_.burst, Clock::now(), {}}
                                             : std::move(before->second);
    known.token = token;
    next.emplace(token.sha256, std::move(known));
  }
  by_sha256_ = std::move(next);
  was_read_ = true;
  return std::monostate{};
}

std::pair<Admission, TokenBook::Known*> TokenBook::look_up(std::string_view authorization) {
  const std::string_view text = shown_token(authorization);
  if (!was_read_) {
    return {Refusal{503, "the tokens could not be read from the database yet"}, nullptr};
  }
  if (text.empty()) {
    return {Refusal{401, "this service asks for a token: Authorization: Bearer TOKEN"}, nullptr};
  }
  const auto found = by_sha256_.find(wire::sha256_hex(text));
  if (found == by_sha256_.end()) {
    return {Refusal{401, "the token is not known, or was revoked"}, nullptr};
  }
  const Token& token = found->second.token;
  if (has_expired(token)) {
    return {Refusal{401, "the token \"" + token.name + "\" has expired"}, nullptr};
  }
  return {Principal{token.owner, token.scopes, token.id}, &found->second};
}

Admission TokenBook::who(std::string_view authorization) {
  const std::scoped_lock lock(mutex_);
  return look_up(authorization).first;
}

Admission TokenBook::admit(std::string_view authorization, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  auto [admission, known] = look_up(authorization);
  if (known == nullptr) return admission;
  const double filled = std::chrono::duration<double>(now - known->filled).count() * options_.rate;
  known->left = std::min(options_.burst, known->left + std::max(0.0, filled));
  known->filled = now;
  known->used = now;
  if (known->left < 1) {
    return Refusal{429, "the token \"" + known->token.name + "\" asks too often"};
  }
  known->left -= 1;
  return admission;
}

std::optional<std::string> TokenBook::worker_of(const std::string& public_key) {
  const std::scoped_lock lock(mutex_);
  const auto found = worker_of_.find(public_key);
  return found == worker_of_.end() ? std::nullopt : std::optional(found->second);
}

void TokenBook::note(const Principal* asked, std::string method, const std::string& path,
                     int status) {
  NewAuditEntry entry;
  if (asked != nullptr) {
    entry.token = asked->token;
    entry.owner = asked->owner;
  }
  entry.method = std::move(method);
  entry.path = path.substr(0, kLongestPath);
  entry.status = status;
  const std::scoped_lock lock(mutex_);
  if (!noted_.empty() && is_again(noted_.back().entry, entry)) {
    ++noted_.back().entry.times;
  } else if (noted_.size() < kMostHeld || status < 400) {
    noted_.push_back({Clock::now(), std::move(entry)});
  } else {
    ++dropped_;
  }
}

void TokenBook::flush() {
  const std::scoped_lock one(writing_);
  std::vector<Noted> noted;
  std::int64_t dropped = 0;
  {
    const std::scoped_lock lock(mutex_);
    noted.swap(noted_);
    std::swap(dropped, dropped_);
  }
  if (dropped > 0) {
    options_.log("refused requests that were not written down: " + std::to_string(dropped));
  }
  if (noted.empty()) return;
  std::vector<NewAuditEntry> entries;
  for (const Noted& one_entry : noted) {
    entries.push_back(one_entry.entry);
    entries.back().ago = Clock::now() - one_entry.at;
  }
  if (store_.add_audit(entries)) return;
  const std::scoped_lock lock(mutex_);  // the next time
  noted_.insert(noted_.begin(), std::make_move_iterator(noted.begin()),
                std::make_move_iterator(noted.end()));
}

void TokenBook::write_uses() {
  std::vector<std::pair<std::int64_t, std::chrono::duration<double>>> uses;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& [sha256, known] : by_sha256_) {
      if (!known.used) continue;
      uses.emplace_back(known.token.id, Clock::now() - *known.used);
      known.used.reset();
    }
  }
  if (!uses.empty()) (void)store_.note_token_use(uses);  // only less exact if it fails
}

void TokenBook::keep_reading(const std::stop_token& stop) {
  constexpr std::chrono::minutes kUsesEvery{1};
  Clock::time_point uses_next = Clock::now() + kUsesEvery;
  std::string said;
  while (!stop.stop_requested()) {
    const auto done = read();
    const std::string why = done ? "" : done.error().message;
    if (!why.empty() && why != said) options_.log("the tokens of before stay: " + why);
    said = why;
    if (Clock::now() >= uses_next) {
      write_uses();
      uses_next = Clock::now() + kUsesEvery;
    }
    flush();
    std::unique_lock lock(mutex_);
    bell_.wait_for(lock, stop, options_.every, [] { return false; });
  }
}

}  // namespace pare::coordinator
