# docker build -t fer . && docker run --rm -it -v "$PWD/results/local:/fer/results/local" fer
# JupyterLab, on this machine only and with a token (Linux): docker run --rm -it --network host fer make lab
FROM python:3.11-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends git make g++ \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home fer && install -d -o fer /fer
USER fer
WORKDIR /fer
# The libraries first: an edited notebook does not install them anew.
COPY --chown=fer pyproject.toml constraints.txt Makefile README.md ./
COPY --chown=fer fer_utils/__init__.py fer_utils/
RUN make .venv/.ready
COPY --chown=fer . .
CMD ["make", "reproduce"]
