"""Paper 4: Alharbawee & Pugeault, DCGAN discriminator features and SVMs for emotions and action units."""
