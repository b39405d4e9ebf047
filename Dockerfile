# Built in two steps, so that the image holds the bot and what it needs to run, and no installer's leftovers.
FROM python:3.11-slim AS environment
COPY requirements-image.lock .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-image.lock

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home bot \
    && install -d -o bot -g bot -m 700 /data \
    && printf '#!/bin/sh\nexec python -m bot "$@"\n' > /usr/local/bin/bezpieczny \
    && chmod 755 /usr/local/bin/bezpieczny
COPY --from=environment /venv /venv
COPY bot /app/bot
COPY scheduler /app/scheduler
COPY content /app/content
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    BEZPIECZNY_DATA=/data \
    BEZPIECZNY_HOST=0.0.0.0 \
    BEZPIECZNY_PORT=8080
USER bot
WORKDIR /app
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['BEZPIECZNY_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["bezpieczny"]
CMD ["run"]
