#include "worker/link/link.h"

#include <array>
#include <utility>

namespace pare::worker {

Result<CurveKeys> make_curve_keys() {
  constexpr std::size_t kKeyText = 41;
  std::array<char, kKeyText> open{}, secret{};
  if (::zmq_curve_keypair(open.data(), secret.data()) != 0) {
    return Error{ErrorCode::kUnsupported,
                 std::string("this ZeroMQ has no CURVE: ") + ::zmq_strerror(::zmq_errno())};
  }
  return CurveKeys{open.data(), secret.data(), {}};
}

Result<Link> Link::open(std::string endpoint, std::optional<CurveKeys> keys) {
  Link link(std::move(endpoint), std::move(keys));
  try {
    link.reconnect();
  } catch (const zmq::error_t& error) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot connect to \"" + link.endpoint_ + "\": " + error.what()};
  }
  return link;
}

void Link::reconnect() {
  socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
  socket_.set(zmq::sockopt::linger, 0);
  // Only to a peer that is there: hellos of an hour would otherwise arrive all at once.
  socket_.set(zmq::sockopt::immediate, true);
  socket_.set(zmq::sockopt::sndhwm, 100);
  socket_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(wire::kMaxMessageBytes));
  // A half-open connection (a cable pulled) is noticed by ZeroMQ itself.
  socket_.set(zmq::sockopt::heartbeat_ivl, 2000);
  socket_.set(zmq::sockopt::heartbeat_timeout, 6000);
  socket_.set(zmq::sockopt::reconnect_ivl, 100);
  socket_.set(zmq::sockopt::reconnect_ivl_max, 2000);
  if (keys_) {
    socket_.set(zmq::sockopt::curve_publickey, keys_->public_key);
    socket_.set(zmq::sockopt::curve_secretkey, keys_->secret_key);
    socket_.set(zmq::sockopt::curve_serverkey, keys_->server_key);
  }
  socket_.connect(endpoint_);
}

void Link::send(const wire::FromWorker& message) {
  const std::string bytes = wire::encode(message);
  try {
    (void)socket_.send(zmq::buffer(bytes), zmq::send_flags::dontwait);
  } catch (const zmq::error_t&) {
    // As lost as if the network had lost it.
  }
}

std::optional<Result<wire::ToWorker>> Link::receive() {
  zmq::message_t message;
  try {
    if (!socket_.recv(message, zmq::recv_flags::dontwait)) return std::nullopt;
  } catch (const zmq::error_t&) {
    return std::nullopt;
  }
  return wire::decode_to_worker(message.to_string_view());
}

void Link::close() {
  socket_.set(zmq::sockopt::linger, 500);
  socket_.close();
}

}  // namespace pare::worker
