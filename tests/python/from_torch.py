"""A module of PyTorch becomes a model of the service that PARE_URL names."""
import pare
import torch


class Detector(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, stride=2, padding=1), torch.nn.BatchNorm2d(16), torch.nn.ReLU(),
                                        torch.nn.Conv2d(16, 32, 3, stride=2, padding=1), torch.nn.ReLU())
        self.head = torch.nn.Conv2d(32, 8, 1)

    def forward(self, images):
        return self.head(self.body(images))


torch.manual_seed(1)
module = Detector()
model = pare.from_torch(module, torch.zeros(1, 3, 64, 64), name="from-torch")
assert module.training, "it trains on as before"
assert model.state == "ready" and model.summary is not None, model
assert model.summary.layers[0].op == "Conv" and model.summary.card["input"] == [64, 64], model.summary
print(f"torch {torch.__version__}: {model.name}, {model.summary.macs} MACs, {len(model.summary.groups)} groups")
