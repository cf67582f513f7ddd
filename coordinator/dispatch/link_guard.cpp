#include "coordinator/dispatch/link_guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>
#include <zmq_addon.hpp>

namespace pare::coordinator {
namespace {

constexpr const char* kQuestions = "inproc://zeromq.zap.01";
constexpr std::size_t kKeyBytes = 32, kKeyText = 40;
constexpr std::size_t kMostSessions = 100'000;

bool is_key(const std::string& text) {
  std::array<std::uint8_t, kKeyBytes> bytes{};
  return text.size() == kKeyText && ::zmq_z85_decode(bytes.data(), text.c_str()) != nullptr;
}

Result<LinkKeys> read_keys(const std::filesystem::path& path, std::istream& file) {
  LinkKeys keys;
  std::getline(file, keys.public_key);
  std::getline(file, keys.secret_key);
  if (is_key(keys.public_key) && is_key(keys.secret_key)) return keys;
  return Error{ErrorCode::kInvalidArgument, path.string() + " holds no keys of the link"};
}

Result<LinkKeys> make_keys(const std::filesystem::path& path) {
  std::array<char, kKeyText + 1> open{}, secret{};
  if (::zmq_curve_keypair(open.data(), secret.data()) != 0) {
    return Error{ErrorCode::kUnsupported,
                 std::string("this ZeroMQ has no CURVE: ") + ::zmq_strerror(::zmq_errno())};
  }
  const LinkKeys keys{open.data(), secret.data()};
  const std::string text = keys.public_key + "\n" + keys.secret_key + "\n";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = file >= 0 && ::write(file, text.data(), text.size()) == std::ssize(text) &&
                       ::fsync(file) == 0;
  const int why = errno;
  if (file >= 0) ::close(file);
  if (written) return keys;
  return Error{ErrorCode::kResourceExhausted,
               "cannot write " + path.string() + ": " + std::strerror(why)};
}

std::string z85(const zmq::message_t& bytes) {
  std::array<char, kKeyText + 1> text{};
  if (bytes.size() != kKeyBytes) return "";
  return ::zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(bytes.data()), kKeyBytes);
}

// A question: version, id, domain, address, identity, mechanism, then what the mechanism shows.
constexpr std::size_t kVersion = 0, kId = 1, kMechanism = 5, kKey = 6;

}  // namespace

Result<LinkKeys> keep_link_keys(const std::filesystem::path& file) {
  std::ifstream there(file);
  return there ? read_keys(file, there) : make_keys(file);
}

LinkGuard::LinkGuard(zmq::context_t& context, WorkerOf worker_of)
    : questions_(context, zmq::socket_type::rep), worker_of_(std::move(worker_of)) {
  constexpr int kLookForTheEnd = 100;  // ms
  questions_.set(zmq::sockopt::linger, 0);
  questions_.set(zmq::sockopt::rcvtimeo, kLookForTheEnd);
  questions_.bind(kQuestions);
  thread_ = std::jthread([this](const std::stop_token& stop) { answer(stop); });
}

LinkGuard::~LinkGuard() {
  thread_.request_stop();
  thread_.join();
}

void LinkGuard::protect(zmq::socket_t& server, const LinkKeys& keys) {
  server.set(zmq::sockopt::curve_server, true);
  server.set(zmq::sockopt::curve_secretkey, keys.secret_key);
  server.set(zmq::sockopt::zap_domain, "workers");
}

void LinkGuard::answer(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<zmq::message_t> question;
    if (!zmq::recv_multipart(questions_, std::back_inserter(question))) continue;
    if (question.size() <= kMechanism) continue;
    std::optional<std::string> worker;
    if (question.size() == kKey + 1 && question[kMechanism].to_string_view() == "CURVE") {
      worker = worker_of_(z85(question[kKey]));
    }
    const std::array<std::string, 6> reply = {
        question[kVersion].to_string(),          question[kId].to_string(), worker ? "200" : "400",
        worker ? "OK" : "this key is not known", worker.value_or(""),       ""};
    std::array<zmq::const_buffer, 6> frames;
    std::ranges::transform(reply, frames.begin(),
                           [](const std::string& part) { return zmq::buffer(part); });
    (void)zmq::send_multipart(questions_, frames);
  }
}

bool SessionOwners::may_speak(const std::string& session, const std::string& worker) {
  if (owner_of_.size() >= kMostSessions) owner_of_.clear();  // known again as they speak
  return owner_of_.emplace(session, worker).first->second == worker;
}

}  // namespace pare::coordinator
